/* What program_rows.c, request_rows.c and financing_rows.c share. */
#ifndef LG_STORE_FINANCING_INTERNAL_H
#define LG_STORE_FINANCING_INTERNAL_H

#include "ledger/registry/interest.h"
#include "ledger/store/rows_internal.h"

/* A column that holds the name of a kind. */
lg_financing_kind lg_column_kind(lg_query *query, int at, lg_arena *arena);

#endif
