/* The migrations of schema/, built into the program. */
#ifndef LG_STORE_SCHEMA_H
#define LG_STORE_SCHEMA_H

#include <stddef.h>

/* SQL texts in order; migration i takes a database from user_version i to i + 1. */
extern const char *const lg_schema_migrations[];
extern const size_t lg_schema_migration_count;
/* The same for the database of deliveries beside the ledger. */
extern const char *const lg_side_migrations[];
extern const size_t lg_side_migration_count;

#endif
