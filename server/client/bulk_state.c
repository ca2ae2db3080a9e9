#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "server/client/bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct bulk_state {
    const char *path;
    int fd;
    int64_t end;     /* of the file */
    json_t *records; /* name → [outcome, attempt, iat, place] */
    char *id;
};

static client_exit fail_io(client *c, const bulk_state *s)
{
    return client_fail(c, CLIENT_LOCAL, "The state file %s cannot be read or written: %s.", s->path,
                       strerror(errno));
}

static client_exit append(client *c, bulk_state *s, const json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT);
    if (!text)
        return client_fail(c, CLIENT_LOCAL, "A file's name cannot be written to the state file.");
    size_t len = strlen(text), done = 0;
    text[len++] = '\n'; /* over the NUL */
    while (done < len) {
        ssize_t got = write(s->fd, text + done, len - done);
        if (got < 0 && errno != EINTR)
            break;
        done += got > 0 ? (size_t)got : 0;
    }
    free(text);
    s->end += (int64_t)done;
    return done == len ? CLIENT_OK : fail_io(c, s);
}

static void record_set(bulk_state *s, const char *name, const bulk_record *r)
{
    json_object_set_new(s->records, name,
                        json_pack("[i,I,I,I]", (int)r->outcome, (json_int_t)r->attempt, (json_int_t)r->iat,
                                  (json_int_t)r->place));
}

bulk_record bulk_state_find(const bulk_state *s, const char *name)
{
    const json_t *r = json_object_get(s->records, name);
    return (bulk_record){
        .outcome = (bulk_outcome)json_integer_value(json_array_get(r, 0)),
        .attempt = json_integer_value(json_array_get(r, 1)),
        .iat = json_integer_value(json_array_get(r, 2)),
        .place = json_integer_value(json_array_get(r, 3)),
    };
}

static void note_sending(bulk_state *s, const json_t *names, int64_t iat)
{
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)(uintptr_t)names, i, name)
    {
        bulk_record r = bulk_state_find(s, json_string_value(name));
        r.outcome = BULK_SENDING;
        r.iat = iat;
        record_set(s, json_string_value(name), &r);
    }
}

static void note_result(bulk_state *s, const char *name, bulk_outcome outcome, int64_t place)
{
    bulk_record r = bulk_state_find(s, name);
    r.outcome = outcome;
    r.attempt++;
    r.iat = 0;
    r.place = place;
    record_set(s, name, &r);
}

/* ---- reading it again ---- */

static bool take_line(bulk_state *s, const json_t *line, int64_t place, const char **who)
{
    const json_t *run = json_object_get(line, "run"), *sending = json_object_get(line, "sending");
    const char *item = json_string_value(json_object_get(line, "item"));
    if (run) {
        s->id = strdup(json_string_value(json_object_get(run, "id")) ?: "");
        *who = json_string_value(json_object_get(run, "who"));
        return true;
    }
    if (sending)
        note_sending(s, json_object_get(sending, "items"),
                     json_integer_value(json_object_get(sending, "iat")));
    else if (item)
        note_result(s, item, (bulk_outcome)json_integer_value(json_object_get(line, "outcome")), place);
    return sending || item;
}

static client_exit take_lines(client *c, bulk_state *s, FILE *file, const char *who)
{
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;
    client_exit code = CLIENT_OK;
    while (code == CLIENT_OK && (len = getline(&text, &cap, file)) > 0 && text[len - 1] == '\n') {
        const char *found = NULL;
        json_t *line = json_loadb(text, (size_t)len, 0, NULL);
        if (!line || !take_line(s, line, s->end, &found))
            code = client_fail(c, CLIENT_LOCAL, "%s is not a state file of `submit`.", s->path);
        else if (s->end == 0 && !lg_text_equal(found, who))
            code =
                client_fail(c, CLIENT_USAGE,
                            "%s is the state of a run for another registry or by another signer.", s->path);
        json_decref(line);
        s->end += len;
    }
    free(text);
    return code;
}

static client_exit begin(client *c, bulk_state *s, const char *who)
{
    uint8_t random[16];
    lg_random(random, sizeof random);
    s->id = strdup(lg_hex_encode(c->arena, lg_bytes_of(random, sizeof random)));
    json_t *line = json_pack("{s:{s:s,s:s}}", "run", "id", s->id, "who", who);
    client_exit code = append(c, s, line);
    json_decref(line);
    if (code == CLIENT_OK && fsync(s->fd) != 0)
        code = fail_io(c, s);
    return code;
}

static client_exit load(client *c, bulk_state *s, const char *who)
{
    FILE *file = fopen(s->path, "re");
    if (!file)
        return fail_io(c, s);
    client_exit code = take_lines(c, s, file, who);
    fclose(file);
    if (code == CLIENT_OK && ftruncate(s->fd, s->end) != 0)
        code = fail_io(c, s);
    if (code == CLIENT_OK && s->end == 0)
        code = begin(c, s, who);
    return code;
}

client_exit bulk_state_open(client *c, const char *path, const char *who, bulk_state **out)
{
    client_exit code = client_directories_make(c, path);
    if (code != CLIENT_OK)
        return code;
    bulk_state *s = lg_arena_alloc(c->arena, sizeof *s);
    *s = (bulk_state){.path = path, .records = json_object()};
    s->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (s->fd < 0)
        code = fail_io(c, s);
    else if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
        code = client_fail(c, CLIENT_LOCAL, "Another run is at work with the state file %s.", path);
    else
        code = load(c, s, who);
    if (code != CLIENT_OK)
        bulk_state_close(s);
    else
        *out = s;
    return code;
}

void bulk_state_close(bulk_state *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    json_decref(s->records);
    free(s->id);
}

const char *bulk_state_id(const bulk_state *s)
{
    return s->id;
}

json_t *bulk_state_result(const bulk_state *s, const char *name)
{
    bulk_record r = bulk_state_find(s, name);
    FILE *file = r.attempt > 0 ? fopen(s->path, "re") : NULL;
    char *text = NULL;
    size_t cap = 0;
    json_t *line = NULL;
    if (!file)
        return NULL;
    if (fseeko(file, r.place, SEEK_SET) == 0 && getline(&text, &cap, file) > 0)
        line = json_loads(text, 0, NULL);
    free(text);
    fclose(file);
    return line;
}

client_exit bulk_state_sending(client *c, bulk_state *s, const json_t *names, int64_t iat)
{
    json_t *line = json_pack("{s:{s:I,s:O}}", "sending", "iat", (json_int_t)iat, "items", names);
    client_exit code = append(c, s, line);
    json_decref(line);
    if (code == CLIENT_OK && fdatasync(s->fd) != 0)
        code = fail_io(c, s);
    if (code == CLIENT_OK)
        note_sending(s, names, iat);
    return code;
}

client_exit bulk_state_add(client *c, bulk_state *s, const json_t *line, bulk_outcome outcome)
{
    int64_t place = s->end;
    json_object_set_new((json_t *)(uintptr_t)line, "outcome", json_integer(outcome));
    client_exit code = append(c, s, line);
    if (code == CLIENT_OK)
        note_result(s, json_string_value(json_object_get(line, "item")), outcome, place);
    return code;
}

const json_t *bulk_state_names(const bulk_state *s)
{
    return s->records;
}
