/* The least that registering an invoice over HTTP can be: libmicrohttpd, jansson, libsodium and SQLite as
 * they come, and nothing of a registry. What the server costs is told in times of this (README.md here).
 *
 *     bare DIR
 *
 * DIR/keys has a party a line: its kid and its public key. The rows go into DIR/ledger.db. Each POST is a
 * signed command as the bench sends it to the server: parsed and verified on the thread that received it,
 * written by one thread with all that wait, answered when that is durable. SIGTERM ends it, and nothing it
 * has is of use afterwards. */
#include "ledger/crypto/encoding.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 8192, TEXT_MAX = 64, KID_LEN = 43, PARTIES_MAX = 4096, BACKLOG = 1024, PATH_LEN = 4096 };

typedef struct party {
    char kid[KID_LEN + 1];
    uint8_t key[crypto_sign_PUBLICKEYBYTES];
} party;

typedef struct command {
    struct command *next; /* the queue's */
    struct MHD_Connection *connection;
    int status; /* 0: not known yet */
    int64_t seq, commit;
    int64_t party;
    char jti[TEXT_MAX], number[TEXT_MAX], amount[TEXT_MAX], due_date[TEXT_MAX];
    uint8_t invoice[crypto_generichash_BYTES_MIN]; /* keyed hash of who sold it and its number */
    size_t len;
    char body[BODY_MAX];
} command;

static party parties[PARTIES_MAX]; /* by kid */
static size_t party_count;
static uint8_t hash_key[crypto_generichash_KEYBYTES];

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    command *first, **end;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .end = &queue.first};

static void __attribute__((noreturn)) fail(const char *what, const char *why)
{
    fprintf(stderr, "bare: %s: %s\n", what, why);
    _exit(1);
}

/* ---- one command, on the thread that received it ---- */

static int compare_parties(const void *a, const void *b)
{
    return strcmp(((const party *)a)->kid, ((const party *)b)->kid);
}

/* Base64url without padding to at most `cap` bytes; the number of bytes, 0 if it is not that. */
static size_t decode(const char *text, uint8_t *out, size_t cap)
{
    const size_t text_len = text ? strlen(text) : 0;
    size_t len;
    if (text_len == 0 || text_len > cap ||
        lg_base64url_decode_run(lg_bytes_of(text, text_len), out, &len) != text_len)
        return 0;
    return len;
}

static json_t *parse(const uint8_t *text, size_t len)
{
    return json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
}

/* False where there is no such text, or a longer one. */
static bool copy_text(const json_t *object, const char *name, char out[TEXT_MAX])
{
    const json_t *text = json_object_get(object, name);
    const size_t len = json_string_length(text);
    if (len == 0 || len >= TEXT_MAX)
        return false;
    memcpy(out, json_string_value(text), len + 1);
    return true;
}

/* The signer whom the header names; -1: nobody knows that one. */
static int64_t read_header(command *c, const char *protected)
{
    uint8_t bytes[BODY_MAX];
    party wanted;
    const party *found = NULL;
    json_t *header = parse(bytes, decode(protected, bytes, sizeof bytes));
    const json_t *kid = json_object_get(header, "kid");
    if (copy_text(header, "jti", c->jti) && json_string_length(kid) == KID_LEN) {
        memcpy(wanted.kid, json_string_value(kid), sizeof wanted.kid);
        found = bsearch(&wanted, parties, party_count, sizeof *parties, compare_parties);
    }
    json_decref(header);
    return found ? found - parties : -1;
}

static bool verify(const party *by, const char *protected, const char *payload, const char *signature)
{
    uint8_t input[BODY_MAX], bytes[2 * crypto_sign_BYTES];
    const size_t protected_len = strlen(protected), payload_len = strlen(payload);
    if (protected_len + 1 + payload_len > sizeof input ||
        decode(signature, bytes, sizeof bytes) != crypto_sign_BYTES)
        return false;
    memcpy(input, protected, protected_len);
    input[protected_len] = '.';
    memcpy(input + protected_len + 1, payload, payload_len);
    return crypto_sign_verify_detached(bytes, input, protected_len + 1 + payload_len, by->key) == 0;
}

static bool read_invoice(command *c, const char *payload)
{
    uint8_t bytes[BODY_MAX];
    char lei[TEXT_MAX], text[2 * TEXT_MAX];
    json_t *submission = parse(bytes, decode(payload, bytes, sizeof bytes));
    const json_t *invoice = json_object_get(submission, "invoice");
    const json_t *seller = json_object_get(json_object_get(invoice, "seller"), "identifiers");
    const bool whole = copy_text(invoice, "number", c->number) &&
                       copy_text(invoice, "gross_amount", c->amount) &&
                       copy_text(invoice, "due_date", c->due_date) && copy_text(seller, "lei", lei);
    json_decref(submission);
    if (!whole)
        return false;
    snprintf(text, sizeof text, "%s %s", lei, c->number);
    crypto_generichash(c->invoice, sizeof c->invoice, (const uint8_t *)text, strlen(text), hash_key,
                       sizeof hash_key);
    return true;
}

/* The status to answer with, or 0: it is ready to be written. */
static int read_command(command *c)
{
    json_t *jws = parse((const uint8_t *)c->body, c->len);
    const char *protected = json_string_value(json_object_get(jws, "protected"));
    const char *payload = json_string_value(json_object_get(jws, "payload"));
    const char *signature = json_string_value(json_object_get(jws, "signature"));
    int status = MHD_HTTP_BAD_REQUEST;
    if (protected && payload && signature) {
        c->party = read_header(c, protected);
        if (c->party < 0 || !verify(&parties[c->party], protected, payload, signature))
            status = MHD_HTTP_UNAUTHORIZED;
        else if (read_invoice(c, payload))
            status = 0;
    }
    json_decref(jws);
    return status;
}

/* ---- the one thread that writes ---- */

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE commands (seq INTEGER PRIMARY KEY, jti TEXT NOT NULL, party INTEGER NOT NULL,"
    "  number TEXT NOT NULL, invoice BLOB NOT NULL, amount TEXT NOT NULL, due_date TEXT NOT NULL,"
    "  body BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX commands_by_jti ON commands (jti);"
    "CREATE UNIQUE INDEX commands_by_invoice ON commands (invoice);"
    "CREATE UNIQUE INDEX commands_by_number ON commands (party, number);";

typedef struct store {
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    int64_t commits;
} store;

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        fail(sql, sqlite3_errmsg(db));
    return statement;
}

static store store_open(const char *dir)
{
    store s = {0};
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    if (sqlite3_open(path, &s.db) != SQLITE_OK || sqlite3_exec(s.db, schema, NULL, NULL, NULL) != SQLITE_OK)
        fail(path, sqlite3_errmsg(s.db));
    s.begin = prepare(s.db, "BEGIN IMMEDIATE");
    s.insert = prepare(s.db, "INSERT INTO commands (jti, party, number, invoice, amount, due_date, body) "
                             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    s.commit = prepare(s.db, "COMMIT");
    return s;
}

static void run(const store *s, sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        fail("the database", sqlite3_errmsg(s->db));
    sqlite3_reset(statement);
}

static void insert(const store *s, command *c)
{
    sqlite3_bind_text(s->insert, 1, c->jti, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s->insert, 2, c->party);
    sqlite3_bind_text(s->insert, 3, c->number, -1, SQLITE_STATIC);
    sqlite3_bind_blob(s->insert, 4, c->invoice, sizeof c->invoice, SQLITE_STATIC);
    sqlite3_bind_text(s->insert, 5, c->amount, -1, SQLITE_STATIC);
    sqlite3_bind_text(s->insert, 6, c->due_date, -1, SQLITE_STATIC);
    sqlite3_bind_blob(s->insert, 7, c->body, (int)c->len, SQLITE_STATIC);
    const int code = sqlite3_step(s->insert);
    if (code != SQLITE_DONE && code != SQLITE_CONSTRAINT)
        fail("the database", sqlite3_errmsg(s->db));
    c->status = code == SQLITE_DONE ? MHD_HTTP_CREATED : MHD_HTTP_CONFLICT;
    c->seq = sqlite3_last_insert_rowid(s->db);
    c->commit = s->commits;
    sqlite3_reset(s->insert);
}

/* All that wait; there is one at least. */
static command *take_group(void)
{
    pthread_mutex_lock(&queue.lock);
    while (!queue.first)
        pthread_cond_wait(&queue.filled, &queue.lock);
    command *group = queue.first;
    queue.first = NULL;
    queue.end = &queue.first;
    pthread_mutex_unlock(&queue.lock);
    return group;
}

static void *write_groups(void *context)
{
    store *s = context;
    for (;;) {
        command *group = take_group();
        s->commits++;
        run(s, s->begin);
        for (command *c = group; c; c = c->next)
            insert(s, c);
        run(s, s->commit);
        for (command *c = group, *next; c; c = next) {
            next = c->next; /* its connection may be done with it at once */
            MHD_resume_connection(c->connection);
        }
    }
    return NULL;
}

static void put_in_queue(command *c)
{
    pthread_mutex_lock(&queue.lock);
    const bool was_empty = !queue.first;
    c->next = NULL;
    *queue.end = c;
    queue.end = &c->next;
    pthread_mutex_unlock(&queue.lock);
    if (was_empty)
        pthread_cond_signal(&queue.filled);
}

/* ---- HTTP ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, const command *c)
{
    char text[128];
    const int len = snprintf(text, sizeof text, "{\"status\":%d,\"seq\":%" PRId64 ",\"commit\":%" PRId64 "}",
                             c->status, c->seq, c->commit);
    struct MHD_Response *response = MHD_create_response_from_buffer((size_t)len, text, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    const enum MHD_Result queued = MHD_queue_response(connection, (unsigned)c->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* Called at the headers, for each piece of the body, at its end, and again when the command was written. */
static enum MHD_Result on_request(void *server, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *data_len,
                                  void **context)
{
    command *c = *context;
    (void)server, (void)url, (void)version;
    if (!c) {
        *context = c = malloc(sizeof *c);
        if (!c)
            return MHD_NO;
        c->status = strcmp(method, MHD_HTTP_METHOD_POST) == 0 ? 0 : MHD_HTTP_OK;
        c->seq = c->commit = 0;
        c->len = 0;
        c->connection = connection;
        return MHD_YES;
    }
    if (*data_len) {
        if (*data_len > sizeof c->body - c->len)
            return MHD_NO;
        memcpy(c->body + c->len, data, *data_len);
        c->len += *data_len;
        *data_len = 0;
        return MHD_YES;
    }
    if (!c->status)
        c->status = read_command(c);
    if (c->status)
        return answer(connection, c);
    MHD_suspend_connection(connection); /* before the writer may resume it */
    put_in_queue(c);
    return MHD_YES;
}

static void on_completed(void *server, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode how)
{
    (void)server, (void)connection, (void)how;
    free(*context);
}

/* As many threads as cores, each with a daemon of its own that polls: as the server has them. */
static void serve(int listening)
{
    struct MHD_Daemon *daemons[CPU_SETSIZE];
    cpu_set_t cores;
    const size_t count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (size_t)CPU_COUNT(&cores) : 1;
    for (size_t i = 0; i < count; i++) {
        daemons[i] = MHD_start_daemon(
            MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
            on_request, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
        if (!daemons[i])
            fail("libmicrohttpd", "cannot start a thread");
    }
    for (size_t taken = 0;; taken++) {
        struct sockaddr_in from;
        socklen_t len = sizeof from;
        const int fd = accept4(listening, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 ||
            MHD_add_connection(daemons[taken % count], fd, (struct sockaddr *)&from, len) != MHD_YES)
            fail("a connection", strerror(errno));
    }
}

/* Of 127.0.0.1; prints which. */
static int listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        fail("a port", strerror(errno));
    printf("listening on http://127.0.0.1:%u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void read_parties(const char *dir)
{
    char path[PATH_LEN], key[KID_LEN + 1];
    snprintf(path, sizeof path, "%s/keys", dir);
    FILE *file = fopen(path, "re");
    if (!file)
        fail(path, strerror(errno));
    while (party_count < PARTIES_MAX && fscanf(file, "%43s %43s", parties[party_count].kid, key) == 2) {
        uint8_t bytes[KID_LEN + 1];
        if (decode(key, bytes, sizeof bytes) != sizeof parties->key)
            fail(path, "not a public key");
        memcpy(parties[party_count++].key, bytes, sizeof parties->key);
    }
    fclose(file);
    qsort(parties, party_count, sizeof *parties, compare_parties);
}

static void end(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

int main(int argc, char **argv)
{
    pthread_t writer;
    if (argc != 2 || sodium_init() < 0)
        fail("usage", "bare DIR");
    signal(SIGTERM, end);
    read_parties(argv[1]);
    randombytes_buf(hash_key, sizeof hash_key);
    store s = store_open(argv[1]);
    if (pthread_create(&writer, NULL, write_groups, &s) != 0)
        fail("the writer", "cannot start its thread");
    serve(listen_somewhere());
}
