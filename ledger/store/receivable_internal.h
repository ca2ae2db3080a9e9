/* A receivable's columns, shared by look-ups (receivable_rows.c) and lists (receivable_list.c). */
#ifndef LG_STORE_RECEIVABLE_INTERNAL_H
#define LG_STORE_RECEIVABLE_INTERNAL_H

#include "ledger/store/receivable_rows.h"

/* In the order lg_receivable_read takes them. */
#define LG_RECEIVABLE_COLUMNS                                                                                \
    "receivable_no, id, life, submitted_by, submitter_no, creditor_no, debtor_no, format, invoice_number, "  \
    "issue_day,"                                                                                             \
    " due_day, currency, gross_minor, amount_minor, confirmed_minor, part, order_reference, "                \
    "contract_reference, note,"                                                                              \
    " payee, document_sha256, documents, confirm_by, fingerprint, number_key, similar_key, claim_no, "       \
    "reason,"                                                                                                \
    " reason_note, policy_version, review_outcome, checks, decision, decided_by_no, decided_at, "            \
    "decision_note,"                                                                                         \
    " registered_at, updated_at, last_seq, terms_version, verified"

/* Reads the query's current row. */
void lg_receivable_read(lg_query *query, lg_arena *arena, lg_receivable *out);

#endif
