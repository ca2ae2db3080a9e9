#include "ledger/store/party_rows.h"

#include "ledger/store/known.h"
#include "ledger/store/rows_internal.h"

static lg_err party_put(lg_db *db, int64_t seq, lg_participant_no participant, int share)
{
    static const lg_sql sql = {"INSERT INTO parties (seq, participant_no, share) VALUES (?1, ?2, ?3)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    lg_bind_int(&query, 2, participant.v);
    lg_bind_int(&query, 3, share);
    return lg_query_run(&query);
}

void lg_entry_parties_begin(lg_db *db, int64_t seq)
{
    lg_known_begin_parties(lg_db_known(db), seq);
}

lg_err lg_entry_party_insert(lg_db *db, int64_t seq, lg_participant_no participant, int share)
{
    lg_known *known = lg_db_known(db);
    lg_entry_party party = {.participant = participant};
    lg_err err = lg_known_party(known, seq, participant, &party.shares)
                     ? LG_OK
                     : lg_entry_party_shares(db, seq, participant, &party.shares);
    if (err && err != LG_NOT_FOUND)
        return err;
    if (!lg_shares_add(&party.shares, share))
        return LG_OK;
    err = party_put(db, seq, participant, share);
    if (!err)
        lg_known_keep_party(known, seq, &party);
    return err;
}

lg_err lg_entry_party_insert_history(lg_db *db, int64_t subject_no, lg_participant_no participant, int share)
{
    static const lg_sql sql = {"SELECT seq FROM history WHERE subject_no = ?1 AND seq > ?2"
                               " ORDER BY seq LIMIT 1"};
    lg_err err = LG_OK;
    bool more = true;
    for (int64_t seq = -1; !err && more;) {
        lg_query query = lg_query_start(db, &sql);
        lg_bind_int(&query, 1, subject_no);
        lg_bind_int(&query, 2, seq);
        more = lg_query_next(&query);
        if (more)
            seq = lg_column_int(&query, 0);
        err = lg_query_end(&query);
        if (!err && more)
            err = lg_entry_party_insert(db, seq, participant, share);
    }
    return err;
}

lg_err lg_entry_party_shares(lg_db *db, int64_t seq, lg_participant_no participant, lg_shares *shares)
{
    static const lg_sql sql = {"SELECT share FROM parties WHERE seq = ?1 AND participant_no = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    lg_bind_int(&query, 2, participant.v);
    *shares = (lg_shares){0};
    bool found = false;
    while (lg_query_next(&query)) {
        int64_t share = lg_column_int(&query, 0);
        found = true;
        if (lg_share_is_known(share))
            lg_shares_add(shares, (int)share);
        else
            lg_query_spoil(&query);
    }
    return lg_query_end_found(&query, found);
}

lg_err lg_entry_parties(lg_db *db, int64_t seq, lg_arena *arena, lg_entry_party **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT participant_no, share FROM parties WHERE seq = ?1"
                               " ORDER BY participant_no, share"};
    lg_row_list list = {0};
    lg_entry_party *last = NULL;
    if (lg_known_parties(lg_db_known(db), seq, arena, rows, count))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    while (lg_query_next(&query)) {
        const int64_t participant = lg_column_int(&query, 0), share = lg_column_int(&query, 1);
        if (!last || last->participant.v != participant) {
            last = lg_row_add(&list, arena, sizeof *last);
            last->participant.v = participant;
        }
        if (lg_share_is_known(share))
            lg_shares_add(&last->shares, (int)share);
        else
            lg_query_spoil(&query);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_history_insert(lg_db *db, int64_t subject_no, int64_t seq)
{
    static const lg_sql sql = {"INSERT INTO history (subject_no, seq) VALUES (?1, ?2)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, subject_no);
    lg_bind_int(&query, 2, seq);
    return lg_query_run(&query);
}

/* ---- pages of histories ---- */

/* The best `limit` entries seen so far, in the page's order. */
typedef struct seq_page {
    int64_t *seqs;
    size_t count, limit;
    bool ascending;
} seq_page;

static void seq_page_add(seq_page *page, int64_t seq)
{
    size_t at = page->count;
    while (at > 0 && (page->ascending ? seq < page->seqs[at - 1] : seq > page->seqs[at - 1]))
        at--;
    if (at == page->limit || (at > 0 && page->seqs[at - 1] == seq)) /* an entry may tell of two subjects */
        return;
    if (page->count == page->limit)
        page->count--;
    memmove(&page->seqs[at + 1], &page->seqs[at], (page->count - at) * sizeof *page->seqs);
    page->seqs[at] = seq;
    page->count++;
}

#define HISTORY                                                                                              \
    "SELECT h.seq FROM history AS h WHERE h.subject_no = ?1 AND h.seq > ?2 AND h.seq < ?3"                   \
    " AND EXISTS (SELECT 1 FROM parties AS p WHERE p.seq = h.seq AND p.participant_no = ?4)"                 \
    " ORDER BY h.seq "

static lg_err add_subject(lg_db *db, int64_t subject, const lg_history_page *asked, seq_page *page)
{
    static const lg_sql oldest_first = {HISTORY "LIMIT ?5"}, newest_first = {HISTORY "DESC LIMIT ?5"};
    int64_t after = asked->after_seq, before = asked->before_seq;
    /* What a full page has no room for need not be looked at. */
    if (page->count == page->limit)
        *(page->ascending ? &before : &after) = page->seqs[page->count - 1];
    lg_query query = lg_query_start(db, page->ascending ? &oldest_first : &newest_first);
    lg_bind_int(&query, 1, subject);
    lg_bind_int(&query, 2, after);
    lg_bind_int(&query, 3, before);
    lg_bind_int(&query, 4, asked->party.v);
    lg_bind_int(&query, 5, (int64_t)asked->limit);
    while (lg_query_next(&query))
        seq_page_add(page, lg_column_int(&query, 0));
    return lg_query_end(&query);
}

lg_err lg_entry_history(lg_db *db, const int64_t *subjects, size_t subject_count, const lg_history_page *page,
                        lg_arena *arena, lg_history_row **rows, size_t *count)
{
    lg_err err = LG_OK;
    seq_page found = {.limit = page->limit, .ascending = page->ascending};
    found.seqs = lg_arena_array(arena, page->limit + 1, sizeof *found.seqs);
    for (size_t i = 0; i < subject_count && page->limit && !err; i++)
        err = add_subject(db, subjects[i], page, &found);
    *rows = lg_arena_array(arena, found.count + 1, sizeof **rows);
    *count = found.count;
    for (size_t i = 0; i < found.count && !err; i++) {
        (*rows)[i].seq = found.seqs[i];
        err = lg_entry_party_shares(db, found.seqs[i], page->party, &(*rows)[i].shares);
    }
    return err;
}
