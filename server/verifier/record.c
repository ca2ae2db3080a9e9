/* From an answer to the ledger: a command that the operator's key signs, on its way through the writer. */
#include "server/verifier/internal.h"

#include "server/api/command.h"

struct recording {
    api_command command; /* first: the writer gives back its job */
    verifier *owner;
    question *about;
    recording *next;
};

static char *payload_of(lg_arena *arena, const verifier_answer *answer)
{
    lg_buf buf = {0};
    lg_json_open(&buf);
    lg_json_put_str(&buf, "answer", lg_verifier_answer_name(answer->answer));
    if (answer->reference)
        lg_json_put_str(&buf, "reference", answer->reference);
    if (answer->answered_at)
        lg_json_put_str(&buf, "answered_at", lg_time_format(answer->answered_at).s);
    if (answer->note)
        lg_json_put_str(&buf, "note", answer->note);
    lg_json_close(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

/* On the writer's thread. */
static void recorded(lg_job *job)
{
    recording *r = (recording *)job;
    verifier *v = r->owner;
    pthread_mutex_lock(&v->lock);
    r->next = v->recorded;
    v->recorded = r;
    pthread_cond_signal(&v->settled);
    pthread_mutex_unlock(&v->lock);
    curl_multi_wakeup(v->multi);
}

lg_err record_start(verifier *v, question *q, const verifier_answer *answer)
{
    lg_report report;
    lg_arena *arena = lg_arena_open();
    recording *r = lg_arena_alloc(arena, sizeof *r);
    const char *url = lg_arena_printf(arena, "/v1/reviews/%s/verify", lg_uuid_format(q->id.uuid).s);
    const char *jws = lg_registry_sign_as_operator(v->api->registry, arena, url, payload_of(arena, answer));
    lg_report_init(&report, arena);
    r->owner = v;
    r->about = q;
    r->command.command.subject = q->id.uuid;
    q->place = PLACE_RECORDING;
    lg_db *db = lg_readers_take(v->api->readers);
    lg_err err =
        api_command_prepare(&r->command, v->api, db, arena, lg_bytes_str(jws), url, LG_CMD_VERIFY, &report);
    lg_readers_give(v->api->readers, db);
    r->command.job.done = recorded;
    if (!err)
        err = lg_writer_submit(v->api->writer, &r->command.job);
    if (err)
        lg_arena_close(arena);
    else
        v->recording++;
    return err;
}

void records_collect(verifier *v)
{
    pthread_mutex_lock(&v->lock);
    recording *all = v->recorded;
    v->recorded = NULL;
    pthread_mutex_unlock(&v->lock);
    for (recording *r = all, *next; r; r = next) {
        next = r->next;
        question *q = r->about;
        lg_err err = r->command.job.err;
        v->recording--;
        lg_arena *arena = r->command.job.arena;
        api_command_clear(&r->command);
        lg_arena_close(arena);
        ask_recorded(v, q, err);
    }
}

void records_settle(verifier *v)
{
    while (v->recording > 0) {
        pthread_mutex_lock(&v->lock);
        while (!v->recorded)
            pthread_cond_wait(&v->settled, &v->lock);
        pthread_mutex_unlock(&v->lock);
        records_collect(v);
    }
}
