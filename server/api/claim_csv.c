/* Claims as CSV (RFC 4180), for spreadsheets: what is not shown is empty. */
#include "server/api/csv.h"
#include "server/api/serve.h"

#include <string.h>

static const char NAMES[] =
    "id,root,parent,hop,origin,receivable,invoice_number,issue_date,creditor,creditor_name,debtor,"
    "debtor_name,debtor_rating,holder,holder_name,currency,face_amount,outstanding_amount,paid_amount,"
    "diluted_amount,due_date,life,encumbrance,locks,lender,accepted_at,updated_at,access\r\n";

void csv_claim_names(lg_buf *buf)
{
    lg_buf_str(buf, NAMES);
}

static void put_id(lg_buf *buf, bool shown, lg_uuid id)
{
    csv_put_id(buf, shown ? id : (lg_uuid){{0}});
}

static void put_amount(lg_buf *buf, bool shown, int64_t minor, lg_currency currency)
{
    csv_put_plain(buf, shown ? lg_amount_format(minor, currency).s : "");
}

static void put_time(lg_buf *buf, bool shown, lg_time time)
{
    csv_put_plain(buf, shown && time ? lg_time_format(time).s : "");
}

static void put_lineage(lg_buf *buf, const api_claim_sheet *sheet, bool shown)
{
    put_id(buf, shown, sheet->links.root);
    put_id(buf, shown, sheet->links.parent);
    lg_buf_char(buf, ',');
    if (shown)
        lg_buf_printf(buf, "%lld", (long long)sheet->row->hop);
    csv_put_plain(buf, shown ? sheet->row->origin : "");
    put_id(buf, shown, sheet->links.receivable);
}

/* Who it is: nobody if the id is kept from the viewer. */
static void put_party(lg_buf *buf, bool shown, lg_uuid id, const char *name)
{
    put_id(buf, shown, id);
    csv_put_text(buf, shown && !lg_uuid_is_nil(id) ? name : NULL);
}

static void put_amounts(lg_buf *buf, const lg_claim *row, bool shown)
{
    csv_put_plain(buf, shown ? row->currency.code : "");
    put_amount(buf, shown, row->face_minor, row->currency);
    put_amount(buf, shown, row->outstanding_minor, row->currency);
    put_amount(buf, shown, row->paid_minor, row->currency);
    put_amount(buf, shown, row->diluted_minor, row->currency);
}

static void put_state(lg_buf *buf, const api_claim_sheet *sheet, bool shown)
{
    const char *separator = "";
    csv_put_plain(buf, shown ? lg_claim_life_name(sheet->row->life) : "");
    csv_put_plain(buf, shown ? lg_encumbrance_name(sheet->row->encumbrance) : "");
    lg_buf_char(buf, ',');
    for (int lock = 0; shown && lock < LG_LOCK_COUNT; lock++) {
        if ((sheet->locks >> lock & 1u) == 0)
            continue;
        lg_buf_printf(buf, "%s%s", separator, lg_claim_lock_name((lg_claim_lock)lock));
        separator = " ";
    }
}

void csv_claim(lg_buf *buf, const api_claim_sheet *sheet)
{
    const lg_claim *row = sheet->row;
    const lg_claim_links *links = &sheet->links;
    const lg_claim_sight *sight = &sheet->sight;
    const bool party = sight->access != LG_ACCESS_GRANTED;
    const bool debtor = api_claim_shows(sight, LG_FIELD_DEBTOR);
    lg_buf_str(buf, lg_uuid_format(row->id.uuid).s);
    put_lineage(buf, sheet, api_claim_shows(sight, LG_FIELD_LINEAGE));
    csv_put_text(buf, sheet->invoice ? links->invoice_number : NULL);
    csv_put_plain(buf, sheet->invoice ? lg_day_format(links->issue_day).s : "");
    put_party(buf, api_claim_shows(sight, LG_FIELD_CREDITOR), links->creditor, links->creditor_name);
    put_party(buf, debtor, links->debtor, links->debtor_name);
    csv_put_text(buf, debtor ? links->debtor_rating : NULL);
    put_party(buf, api_claim_shows(sight, LG_FIELD_HOLDER), links->holder, links->holder_name);
    put_amounts(buf, row, api_claim_shows(sight, LG_FIELD_AMOUNTS));
    csv_put_plain(buf, api_claim_shows(sight, LG_FIELD_DUE_DATE) ? lg_day_format(row->due_day).s : "");
    put_state(buf, sheet, api_claim_shows(sight, LG_FIELD_STATE));
    put_id(buf, party, links->lender);
    put_time(buf, party, row->accepted_at);
    put_time(buf, party, row->updated_at);
    csv_put_plain(buf, api_claim_access_name(sight->access));
    lg_buf_str(buf, "\r\n");
}
