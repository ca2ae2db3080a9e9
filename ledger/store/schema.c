#include "ledger/store/schema.h"

/* The assembler takes the files in as they are; paths are relative to the top of the source tree, where make
 * runs. */
#define EMBED(symbol, path)                                                                                  \
    __asm__(".section .rodata\n" #symbol ":\n.incbin \"" path "\"\n.byte 0\n.previous\n");                   \
    extern const char symbol[] __attribute__((visibility("hidden")))

EMBED(lg_schema_0001, "schema/0001_ledger.sql");
EMBED(lg_schema_0002, "schema/0002_participants.sql");
EMBED(lg_schema_0003, "schema/0003_receivables.sql");
EMBED(lg_schema_0004, "schema/0004_claims.sql");
EMBED(lg_schema_0005, "schema/0005_webhooks.sql");
EMBED(lg_schema_0006, "schema/0006_financing.sql");
EMBED(lg_schema_0007, "schema/0007_payments.sql");
EMBED(lg_schema_0008, "schema/0008_statements.sql");
EMBED(lg_schema_0009, "schema/0009_verifications.sql");
EMBED(lg_schema_0010, "schema/0010_custody.sql");
EMBED(lg_schema_webhooks_0001, "schema/webhooks_0001.sql");

const char *const lg_schema_migrations[] = {lg_schema_0001, lg_schema_0002, lg_schema_0003, lg_schema_0004,
                                            lg_schema_0005, lg_schema_0006, lg_schema_0007, lg_schema_0008,
                                            lg_schema_0009, lg_schema_0010};
const size_t lg_schema_migration_count = sizeof lg_schema_migrations / sizeof *lg_schema_migrations;

const char *const lg_side_migrations[] = {lg_schema_webhooks_0001};
const size_t lg_side_migration_count = sizeof lg_side_migrations / sizeof *lg_side_migrations;
