#include "ledger/store/schema.h"

/* The assembler takes the files in as they are; paths are relative to the top of the source tree, where make
 * runs. */
#define EMBED(symbol, path)                                                                                  \
    __asm__(".section .rodata\n" #symbol ":\n.incbin \"" path "\"\n.byte 0\n.previous\n");                   \
    extern const char symbol[] __attribute__((visibility("hidden")))

EMBED(lg_schema_0001, "schema/0001_ledger.sql");
EMBED(lg_schema_0002, "schema/0002_participants.sql");
EMBED(lg_schema_0003, "schema/0003_receivables.sql");

const char *const lg_schema_migrations[] = {lg_schema_0001, lg_schema_0002, lg_schema_0003};
const size_t lg_schema_migration_count = sizeof lg_schema_migrations / sizeof *lg_schema_migrations;
