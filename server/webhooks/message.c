/* A message: the entry as its owner may see it, with what proves it: text and disclosures. */
#include "ledger/store/party_rows.h"
#include "server/api/api.h"
#include "server/webhooks/internal.h"

static lg_err put_data(lg_buf *body, lg_arena *arena, const endpoint *e, const lg_entry_row *row,
                       const lg_shares *shares)
{
    lg_json_open(body);
    lg_json_put_int(body, "seq", row->seq);
    lg_json_put_str(body, "participant", e->owner.s);
    lg_json_key(body, "entry");
    lg_json_strn(body, (const char *)row->body.data, row->body.len);
    lg_err err = json_put_shared(body, arena, row->disclosures, shares);
    lg_json_close(body);
    return err;
}

lg_err message_build(webhooks *w, const endpoint *e, int64_t seq, lg_buf *body)
{
    lg_shares shares;
    lg_entry_row row;
    lg_entry entry;
    lg_err err = lg_entry_party_shares(w->ledger, seq, e->row.participant, &shares);
    if (!err)
        err = lg_entry_get(w->ledger, seq, w->arena, &row);
    if (!err)
        err = lg_entry_parse(w->arena, row.body, &entry, NULL);
    if (err)
        return err;
    lg_buf_reset(body);
    lg_json_open(body);
    lg_json_put_str(body, "type", entry.type);
    lg_json_put_str(body, "timestamp", lg_time_format(entry.at).s);
    lg_json_key(body, "data");
    err = put_data(body, w->arena, e, &row, &shares);
    lg_json_close(body);
    return err;
}
