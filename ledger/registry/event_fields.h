/* What facts each event carries, in the order they are written: the tables that event.c encodes and decodes
 * by. */
#ifndef LG_REGISTRY_EVENT_FIELDS_H
#define LG_REGISTRY_EVENT_FIELDS_H

#include "ledger/registry/event.h"

typedef enum { UUID, TEXT, INTEGER, BOOLEAN, DAY, TIME, CURRENCY, HASH, PUBLIC_KEY, JSON, PARTS } field_kind;

typedef struct field {
    const char *name; /* NULL ends a table */
    field_kind kind;
    bool optional; /* left out when nil, NULL, false, zero (times) or LG_ABSENT (integers) */
    size_t offset;
} field;

/* The fields of an event's type. `at_once`, the receivable comes with its claim, matters to claim.accepted
 * only. */
const field *event_fields_of(lg_event_type type, bool at_once);

#endif
