/* Claims, grants and answers about invoices as JSON: each claim as the one who asks may see it. */
#include "server/api/serve.h"

#include "ledger/base/text.h"

#include <string.h>

bool api_claim_shows(const lg_claim_sight *sight, lg_claim_field field)
{
    return sight->access != LG_ACCESS_GRANTED || (sight->fields >> field & 1u) != 0;
}

/* The invoice's own data: for the two sides of the sale, and for whoever has the whole undivided claim. A
 * grant shows what its grantor, the holder, is shown. */
static bool shows_paper(const lg_claim *row, lg_participant_no viewer, const lg_claim_sight *sight,
                        lg_claim_field field)
{
    if (!api_claim_shows(sight, field))
        return false;
    if (sight->access == LG_ACCESS_GRANTED)
        viewer = row->holder;
    if (viewer.v == row->creditor.v || viewer.v == row->debtor.v)
        return true;
    return (viewer.v == row->holder.v || viewer.v == row->lender.v) && row->parent.v == 0 &&
           row->life != LG_CLAIM_SPLIT;
}

/* Who disputes: not told to the first creditor if it is the holder. */
static bool shows_disputer(const lg_claim *row, const lg_claim_sight *sight)
{
    return sight->access != LG_ACCESS_CREDITOR || row->disputed_by.v == row->debtor.v;
}

const char *api_claim_access_name(lg_claim_access access)
{
    switch (access) {
    case LG_ACCESS_GRANTED:
        return "granted";
    case LG_ACCESS_CREDITOR:
        return "creditor";
    case LG_ACCESS_FULL:
        return "full";
    case LG_ACCESS_NONE:
        break;
    }
    return "none";
}

/* With the links filled in. */
static void fill_sheet(api_claim_sheet *sheet, const lg_claim *row, lg_participant_no viewer,
                       const lg_claim_sight *sight)
{
    lg_claim_links *links = &sheet->links;
    sheet->row = row;
    sheet->sight = *sight;
    sheet->locks = row->locks | (links->debtor_stopped ? 1u << LG_LOCK_DEBTOR_STOPPED : 0);
    sheet->invoice = shows_paper(row, viewer, sight, LG_FIELD_INVOICE);
    sheet->documents = shows_paper(row, viewer, sight, LG_FIELD_DOCUMENTS);
    sheet->notice = row->notified_at != 0;
    if (!shows_disputer(row, sight))
        links->disputed_by = (lg_uuid){0};
    if (sight->access == LG_ACCESS_CREDITOR) {
        const lg_uuid nobody = {0};
        links->holder = links->lender = links->financing = links->request = links->offered_to = nobody;
        sheet->notice = false;
    }
}

lg_err api_claim_sheet_fill(api_claim_sheet *sheet, lg_db *db, lg_arena *arena, const lg_claim *row,
                            lg_participant_no viewer, const lg_claim_sight *sight)
{
    lg_err err = lg_claim_links_get(db, row, arena, &sheet->links);
    if (err == LG_OK)
        fill_sheet(sheet, row, viewer, sight);
    return err;
}

/* ---- members ---- */

static void put_amounts(lg_buf *buf, const lg_claim *row)
{
    lg_json_put_str(buf, "currency", row->currency.code);
    json_put_amount(buf, "face_amount", row->face_minor, row->currency);
    json_put_amount(buf, "outstanding_amount", row->outstanding_minor, row->currency);
    json_put_amount(buf, "paid_amount", row->paid_minor, row->currency);
    json_put_amount(buf, "diluted_amount", row->diluted_minor, row->currency);
}

static void put_state(lg_buf *buf, const api_claim_sheet *sheet)
{
    lg_json_put_str(buf, "life", lg_claim_life_name(sheet->row->life));
    lg_json_put_str(buf, "encumbrance", lg_encumbrance_name(sheet->row->encumbrance));
    lg_json_key(buf, "locks");
    lg_json_list(buf);
    for (int lock = 0; lock < LG_LOCK_COUNT; lock++) {
        if (sheet->locks >> lock & 1u)
            lg_json_str(buf, lg_claim_lock_name((lg_claim_lock)lock));
    }
    lg_json_end(buf);
}

static void put_dispute(lg_buf *buf, const api_claim_sheet *sheet)
{
    lg_json_key(buf, "dispute");
    if (!sheet->row->disputed_by.v) {
        lg_json_null(buf);
        return;
    }
    lg_json_open(buf);
    json_put_id(buf, "by", sheet->links.disputed_by);
    lg_json_put_str(buf, "reason", sheet->row->dispute_reason);
    lg_json_put_str(buf, "note", sheet->row->dispute_note);
    json_put_time(buf, "at", sheet->row->disputed_at);
    lg_json_close(buf);
}

static void put_notice(lg_buf *buf, const api_claim_sheet *sheet)
{
    lg_json_key(buf, "notice");
    if (!sheet->notice) {
        lg_json_null(buf);
        return;
    }
    lg_json_open(buf);
    json_put_time(buf, "notified_at", sheet->row->notified_at);
    json_put_time(buf, "acknowledged_at", sheet->row->acknowledged_at);
    lg_json_close(buf);
}

/* What is going on with it: shown to its parties alone. */
static void put_dealings(lg_buf *buf, const api_claim_sheet *sheet)
{
    json_put_id(buf, "lender", sheet->links.lender);
    json_put_id(buf, "financing", sheet->links.financing);
    json_put_id(buf, "request", sheet->links.request);
    json_put_id(buf, "offered_to", sheet->links.offered_to);
    json_put_time(buf, "respond_by", sheet->row->respond_by);
    put_dispute(buf, sheet);
    lg_json_put_str(buf, "order_reference", sheet->row->order_reference);
    put_notice(buf, sheet);
}

static void put_invoice(lg_buf *buf, const api_claim_sheet *sheet)
{
    lg_json_key(buf, "invoice");
    if (!sheet->invoice) {
        lg_json_null(buf);
        return;
    }
    lg_json_open(buf);
    lg_json_put_str(buf, "number", sheet->links.invoice_number);
    lg_json_put_str(buf, "issue_date", lg_day_format(sheet->links.issue_day).s);
    json_put_amount(buf, "gross_amount", sheet->links.gross_minor, sheet->row->currency);
    lg_json_close(buf);
}

static void put_lineage(lg_buf *buf, const api_claim_sheet *sheet)
{
    json_put_id(buf, "receivable", sheet->links.receivable);
    json_put_id(buf, "root", sheet->links.root);
    json_put_id(buf, "parent", sheet->links.parent);
    lg_json_put_int(buf, "hop", sheet->row->hop);
    lg_json_put_str(buf, "origin", sheet->row->origin);
}

void json_claim_sheet(lg_buf *buf, const api_claim_sheet *sheet)
{
    const lg_claim *row = sheet->row;
    const lg_claim_sight *sight = &sheet->sight;
    const bool granted = sight->access == LG_ACCESS_GRANTED;
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    if (api_claim_shows(sight, LG_FIELD_LINEAGE))
        put_lineage(buf, sheet);
    if (api_claim_shows(sight, LG_FIELD_HOLDER))
        json_put_id(buf, "holder", sheet->links.holder);
    if (api_claim_shows(sight, LG_FIELD_CREDITOR))
        json_put_id(buf, "creditor", sheet->links.creditor);
    if (api_claim_shows(sight, LG_FIELD_DEBTOR))
        json_put_id(buf, "debtor", sheet->links.debtor);
    if (api_claim_shows(sight, LG_FIELD_AMOUNTS))
        put_amounts(buf, row);
    if (api_claim_shows(sight, LG_FIELD_DUE_DATE))
        lg_json_put_str(buf, "due_date", lg_day_format(row->due_day).s);
    if (api_claim_shows(sight, LG_FIELD_STATE))
        put_state(buf, sheet);
    if (!granted)
        put_dealings(buf, sheet);
    if (api_claim_shows(sight, LG_FIELD_INVOICE))
        put_invoice(buf, sheet);
    if (api_claim_shows(sight, LG_FIELD_DOCUMENTS))
        lg_json_put_raw(buf, "documents", sheet->documents ? sheet->links.documents : "null");
    if (!granted) {
        json_put_time(buf, "accepted_at", row->accepted_at);
        json_put_time(buf, "updated_at", row->updated_at);
    }
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_put_str(buf, "access", api_claim_access_name(sight->access));
    lg_json_close(buf);
}

lg_err json_claim(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_claim *row, lg_participant_no viewer,
                  const lg_claim_sight *sight)
{
    api_claim_sheet sheet;
    lg_err err = api_claim_sheet_fill(&sheet, db, arena, row, viewer, sight);
    if (err == LG_OK)
        json_claim_sheet(buf, &sheet);
    return err;
}

/* Those who act by office, or give up what was offered to them, are shown once what they did. */
static bool acts_without_a_part(lg_command_type type)
{
    return type == LG_CMD_CLAIM_FREEZE || type == LG_CMD_CLAIM_UNFREEZE || type == LG_CMD_CLAIM_AGE ||
           type == LG_CMD_TRANSFER_LAPSE || type == LG_CMD_TRANSFER_DECLINE;
}

lg_err json_claim_answer(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_claim *row,
                         const lg_receivable *receivable, const lg_command *command)
{
    api_claim_sheet sheet;
    const lg_signer *signer = &command->signers[0];
    const bool is_lender = lg_has_role(signer->roles, LG_ROLE_LENDER);
    lg_claim_sight sight = {LG_ACCESS_FULL, LG_FIELDS_ALL};
    lg_err err = LG_OK;
    /* By the claim's own time: an answer is written anew by every audit, and must come out the same. */
    if (!acts_without_a_part(command->type))
        err = lg_claim_see(db, row, signer->no, is_lender, row->updated_at, &sight);
    if (err != LG_OK)
        return err;
    if (sight.access == LG_ACCESS_NONE) /* such as the first creditor, who signs a credit note on a part */
        sight = (lg_claim_sight){LG_ACCESS_CREDITOR, LG_FIELDS_ALL};
    err = receivable ? lg_claim_links_from(db, row, receivable, arena, &sheet.links)
                     : lg_claim_links_get(db, row, arena, &sheet.links);
    if (err != LG_OK)
        return err;
    fill_sheet(&sheet, row, signer->no, &sight);
    json_claim_sheet(buf, &sheet);
    return LG_OK;
}

/* ---- grants ---- */

static const char *grant_status(const lg_grant *row, const lg_claim *claim, lg_time now)
{
    if (row->revoked_at)
        return "revoked";
    if (claim->holder.v != row->grantor.v || claim->held_seq > lg_row_seq(row->no.v))
        return "ended";
    return row->valid_until && row->valid_until < now ? "expired" : "active";
}

void json_put_fields(lg_buf *buf, unsigned fields)
{
    lg_json_key(buf, "fields");
    lg_json_list(buf);
    for (int field = 0; field < LG_FIELD_COUNT; field++) {
        if (fields >> field & 1u)
            lg_json_str(buf, lg_claim_field_name((lg_claim_field)field));
    }
    lg_json_end(buf);
}

lg_err json_grant(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_grant *row, lg_time now)
{
    lg_claim claim;
    lg_participant_id grantor, grantee;
    lg_err err = json_related(lg_claim_get(db, row->claim, arena, &claim));
    if (err == LG_OK)
        err = json_related(lg_participant_id_of(db, row->grantor, &grantor));
    if (err == LG_OK)
        err = json_related(lg_participant_id_of(db, row->grantee, &grantee));
    if (err != LG_OK)
        return err;
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_put_str(buf, "claim", lg_uuid_format(claim.id.uuid).s);
    json_put_id(buf, "grantor", grantor.uuid);
    json_put_id(buf, "participant", grantee.uuid);
    json_put_fields(buf, row->fields);
    json_put_time(buf, "valid_until", row->valid_until);
    json_put_time(buf, "revoked_at", row->revoked_at);
    lg_json_put_str(buf, "status", grant_status(row, &claim, now));
    lg_json_put_str(buf, "note", row->note);
    json_put_time(buf, "granted_at", row->granted_at);
    lg_json_put_int(buf, "seq", lg_row_seq(row->no.v));
    lg_json_close(buf);
    return LG_OK;
}

/* ---- what a lender is told of an invoice ---- */

void json_check(lg_buf *buf, bool registered, bool financed, lg_time at)
{
    lg_json_open(buf);
    lg_json_put_bool(buf, "registered", registered);
    lg_json_put_bool(buf, "financed", financed);
    json_put_time(buf, "checked_at", at);
    lg_json_close(buf);
}
