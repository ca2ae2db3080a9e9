/* libtallystick: a client of a Tallystick registry.
 *
 *     tallystick *t;
 *     tallystick_answer *answer;
 *     if (tallystick_open(url, vkey, &t) != TALLYSTICK_OK ||
 *         tallystick_use_key_file(t, "supplier.jwk") != TALLYSTICK_OK ||
 *         tallystick_use_state(t, "/var/lib/erp/tallystick") != TALLYSTICK_OK ||
 *         tallystick_act(t, "/v1/receivables", invoice, len, NULL, &answer) != TALLYSTICK_OK)
 *         errx(1, "%s", tallystick_message(t));
 *     puts(tallystick_fact(tallystick_answer_receipt(answer, 0), "receivable_id"));
 *     tallystick_answer_close(answer);
 *     tallystick_close(t);
 *
 * What every command of the registry says, and what it answers, is in its description at /openapi.json; here
 * payloads go in and answers come out as JSON text. What the library adds is the part that is easy to get
 * wrong: commands are signed once and sent until they are answered, and no answer to a command is handed over
 * before its receipt was verified from the registry's public key alone.
 *
 * Threads: a handle, and what came of it, is used by one thread at a time; different handles are independent.
 * Ownership: strings that functions take are copied; strings that they return live as long as what they were
 * asked of, a handle's message and problem until the next call with that handle. Text is UTF-8. Memory that
 * the system does not have ends the process with a line on standard error. The library prints nothing else,
 * reads no environment but TALLYSTICK_CLOCK_OFFSET (for tests) and what libcurl reads (proxies), and installs
 * no signal handlers.
 *
 * Stability: what is declared here keeps its meaning as long as the library is called libtallystick.so.0. */
#ifndef TALLYSTICK_H
#define TALLYSTICK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TALLYSTICK_API        __attribute__((visibility("default")))
#define TALLYSTICK_MUST_CHECK __attribute__((warn_unused_result))
#else
#define TALLYSTICK_API
#define TALLYSTICK_MUST_CHECK
#endif

/* How a call ended. The same numbers are the exit codes of the program `tallystick`. */
typedef enum tallystick_code {
    TALLYSTICK_OK = 0,
    TALLYSTICK_REFUSED = 1,     /* the registry refused and nothing changed: tallystick_fault tells why */
    TALLYSTICK_USAGE = 2,       /* the call is wrong: an argument, or what must be set before */
    TALLYSTICK_UNREACHABLE = 3, /* no answer, or "try again later"; a kept command is sent again by the same
                                   call */
    TALLYSTICK_UNVERIFIED = 4,  /* what was shown is not what the registry's key or mathematics bears out: do
                                   not go on, tell a person */
    TALLYSTICK_LOCAL = 5        /* a fault on this machine: a file, a key */
} tallystick_code;

typedef struct tallystick tallystick;                 /* one registry, as one participant sees it */
typedef struct tallystick_answer tallystick_answer;   /* owned by the caller: tallystick_answer_close */
typedef struct tallystick_receipt tallystick_receipt; /* verified; lives as long as its answer */

/* "0.1.0" */
TALLYSTICK_API const char *tallystick_version(void);

/* ---- a handle and its settings ---- */

/* url: http or https, with a path in front of /v1 if there is one. vkey: the log's verifier key, got from
 * someone you trust and not from the server; it names the registry as well. Nothing is asked yet. *out is
 * NULL only if the library cannot start at all; after any other failure it holds the message, and is the
 * caller's to close. */
TALLYSTICK_API tallystick_code tallystick_open(const char *url, const char *vkey,
                                               tallystick **out) TALLYSTICK_MUST_CHECK;
TALLYSTICK_API void tallystick_close(tallystick *t); /* NULL is fine */

/* Commands are signed with this key: an Ed25519 JWK (RFC 8037) that nobody else may read. The file is read
 * for every command and the key is wiped after it. */
TALLYSTICK_API tallystick_code tallystick_use_key_file(tallystick *t, const char *path) TALLYSTICK_MUST_CHECK;
/* Reads go with this bearer token; and so do commands if there is no key file: the registry, which then keeps
 * the participant's key, signs them. NULL: none. */
TALLYSTICK_API tallystick_code tallystick_use_token(tallystick *t, const char *token) TALLYSTICK_MUST_CHECK;
/* A folder of this participant's own, made if it is not there. In it the library keeps commands until they
 * are answered (outbox/), receipts (receipts/) and the last checkpoint seen (checkpoint). With it, a command
 * that was interrupted by whatever can happen is made safe by calling tallystick_act with the same arguments
 * again, in this process or the next; without it, only lost connections are. One handle at a time has it. */
TALLYSTICK_API tallystick_code tallystick_use_state(tallystick *t, const char *folder) TALLYSTICK_MUST_CHECK;
/* Of one attempt, at most (30), and how often at most a request is tried (5) while the registry is away or
 * asks for patience; Retry-After is kept to, up to a minute. */
TALLYSTICK_API void tallystick_set_timeout(tallystick *t, unsigned seconds);
TALLYSTICK_API void tallystick_set_attempts(tallystick *t, unsigned attempts);

/* A new key in a new file of mode 0600; its public half, which the operator registers, in 43 characters. */
TALLYSTICK_API tallystick_code tallystick_key_create(tallystick *t, const char *path,
                                                     char public_key[44]) TALLYSTICK_MUST_CHECK;

/* A new bearer token for reading and what else scopes name ("read", or "read,finance"), good for that many
 * days: 46 characters. It is made here; the registry is told its hash, by a command signed with the key file.
 */
TALLYSTICK_API tallystick_code tallystick_token_create(tallystick *t, const char *participant_id,
                                                       const char *scopes, unsigned days,
                                                       char token[47]) TALLYSTICK_MUST_CHECK;
/* SHA-256 in hexadecimal, as the registry states digests of documents. */
TALLYSTICK_API void tallystick_sha256(const void *data, size_t len, char hex[65]);

/* ---- why a call failed ---- */

/* A sentence for a person. Never NULL; "" after a call that did not fail. */
TALLYSTICK_API const char *tallystick_message(const tallystick *t);
/* After TALLYSTICK_REFUSED: the name of the problem, the last part of its type, such as "gateway-rejected";
 * else "". */
TALLYSTICK_API const char *tallystick_problem(const tallystick *t);
/* The whole problem document (RFC 9457) as JSON text; "" if there is none. */
TALLYSTICK_API const char *tallystick_problem_text(const tallystick *t);
/* The broken rules, all of them: a stable name, the field as JSON pointer ("" for the whole) and a sentence.
 */
typedef struct tallystick_fault {
    const char *code, *pointer, *detail;
} tallystick_fault;
TALLYSTICK_API size_t tallystick_fault_count(const tallystick *t);
/* Fault i; all members "" if there is no such. */
TALLYSTICK_API tallystick_fault tallystick_fault_at(const tallystick *t, size_t i);

/* ---- acting and reading ---- */

/* Posts a command: signs the payload for that path, keeps the command (tallystick_use_state), sends it until
 * it is answered, verifies every receipt in the answer. payload: JSON text; or an invoice file as it is, with
 * content_type "application/xml" (UBL or CII) or "text/csv"; NULL means JSON. TALLYSTICK_OK: *out is the
 * answer, whose receipts hold; if the command was signed here they name this very command, and none is
 * missing. (One that goes by token and waits for a second person's approval has none yet.) Else *out is NULL.
 */
TALLYSTICK_API tallystick_code tallystick_act(tallystick *t, const char *path, const void *payload,
                                              size_t payload_len, const char *content_type,
                                              tallystick_answer **out) TALLYSTICK_MUST_CHECK;
/* The same in two steps, for those who keep commands in a place of their own, such as the transaction that
 * makes them due: the signed command as text, and its sending. Send it, the same bytes, until the code is
 * neither TALLYSTICK_UNREACHABLE nor TALLYSTICK_UNVERIFIED; if it is refused as "stale-command" it was never
 * taken and may be signed anew. Free *command with tallystick_free. */
TALLYSTICK_API tallystick_code tallystick_sign(tallystick *t, const char *path, const void *payload,
                                               size_t payload_len, const char *content_type,
                                               char **command) TALLYSTICK_MUST_CHECK;
TALLYSTICK_API tallystick_code tallystick_send(tallystick *t, const char *path, const char *command,
                                               tallystick_answer **out) TALLYSTICK_MUST_CHECK;
TALLYSTICK_API void tallystick_free(void *memory);

/* Reads a path, with its query. What comes is the registry's word and no more. */
TALLYSTICK_API tallystick_code tallystick_get(tallystick *t, const char *path,
                                              tallystick_answer **out) TALLYSTICK_MUST_CHECK;
/* An entry of the ledger with what this participant may read of it: proven, as receipt 0 of the answer. */
TALLYSTICK_API tallystick_code tallystick_entry(tallystick *t, int64_t seq,
                                                tallystick_answer **out) TALLYSTICK_MUST_CHECK;
/* A claim's certificate. The entries that made it what it is are the answer's receipts, all proven, oldest
 * first. */
TALLYSTICK_API tallystick_code tallystick_certificate(tallystick *t, const char *claim_id,
                                                      tallystick_answer **out) TALLYSTICK_MUST_CHECK;

/* ---- answers ---- */

TALLYSTICK_API void tallystick_answer_close(tallystick_answer *answer);        /* NULL is fine */
TALLYSTICK_API long tallystick_answer_status(const tallystick_answer *answer); /* HTTP, 2xx */
/* The body as it came, with a NUL behind it; its length if len is not NULL. */
TALLYSTICK_API const char *tallystick_answer_text(const tallystick_answer *answer, size_t *len);
/* The value at a JSON pointer (RFC 6901), such as "/receivable/life" or "/offers/0/seq": a string's text, or
 * else the JSON text of the value. NULL if there is none there, or null. */
TALLYSTICK_API const char *tallystick_answer_value(tallystick_answer *answer, const char *pointer);
TALLYSTICK_API size_t tallystick_answer_receipt_count(const tallystick_answer *answer);
/* NULL if there is no such. */
TALLYSTICK_API const tallystick_receipt *tallystick_answer_receipt(const tallystick_answer *answer, size_t i);

/* ---- receipts: what the ledger says, proven ---- */

TALLYSTICK_API int64_t tallystick_receipt_seq(const tallystick_receipt *receipt); /* place in the ledger */
TALLYSTICK_API const char *tallystick_receipt_type(const tallystick_receipt *receipt); /* "claim.accepted" */
TALLYSTICK_API const char *tallystick_receipt_at(const tallystick_receipt *receipt);   /* RFC 3339, UTC */
/* The receipt as JSON text, to be kept, and to be checked again by anyone with tallystick_receipt_check. */
TALLYSTICK_API const char *tallystick_receipt_text(const tallystick_receipt *receipt);
/* A fact that was disclosed with it, such as "claim_id" or "face_minor": a string's text, or else the JSON
 * text of the value; amounts are integers of minor units. NULL if there is none of that name. */
TALLYSTICK_API const char *tallystick_fact(const tallystick_receipt *receipt, const char *name);
/* The names of the facts, one by one; NULL behind the last. */
TALLYSTICK_API const char *tallystick_fact_name(const tallystick_receipt *receipt, size_t i);

/* A receipt that was kept, checked from the vkey alone, without asking anybody. It is receipt 0 of *out. */
TALLYSTICK_API tallystick_code tallystick_receipt_check(tallystick *t, const char *text, size_t len,
                                                        tallystick_answer **out) TALLYSTICK_MUST_CHECK;

/* ---- the ledger as a whole ---- */

typedef struct tallystick_checkpoint {
    int64_t size;      /* entries on the ledger */
    char root[65];     /* of the tree over them, hexadecimal */
    int64_t seen_size; /* of the checkpoint that was remembered; -1: there was none */
} tallystick_checkpoint;

/* The present checkpoint: signed by the log, and a continuation of the one that was remembered (in the state
 * folder, else by this handle) and of that in every receipt kept there. Then it is remembered itself. A few
 * requests, however long the ledger. TALLYSTICK_UNVERIFIED: history was changed; what was remembered stays,
 * and the checkpoint that contradicts it is kept beside as checkpoint.contradicting. */
TALLYSTICK_API tallystick_code tallystick_verify(tallystick *t,
                                                 tallystick_checkpoint *out) TALLYSTICK_MUST_CHECK;
/* The same, and every entry and tile that is new since what was remembered: as long as that is. */
TALLYSTICK_API tallystick_code tallystick_verify_entries(tallystick *t,
                                                         tallystick_checkpoint *out) TALLYSTICK_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
