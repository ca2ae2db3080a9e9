/* The operator's log: events with typed fields, one line each, as JSON or as text.
 *
 * What may be logged: names of events and of our own things (routes, error slugs), ids that the registry
 * made, numbers. Never a secret, never what a document or a person says: no token, key, name, invoice number,
 * amount, query or body. All text is escaped down to printable ASCII, so nothing that a client sends can end
 * a line or look like another.
 *
 * Lines go into a bounded buffer that one thread empties: a reader of standard error that is slow or stuck
 * delays nobody. What finds the buffer full is dropped, counted, and the count is logged once there is room.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "ledger/base/error.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct logger logger;

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } log_level;
typedef enum { LOG_FORM_TEXT, LOG_FORM_JSON } log_form;
extern const char *const log_level_names[]; /* NULL-terminated, by log_level; */
extern const char *const log_form_names[];  /* by log_form */

typedef struct logger_config {
    log_form form;
    log_level level; /* the least that is logged */
    int fd;          /* borrowed */
    /* For tests: takes each line, without its end, on the thread that logs; fd is not used. */
    void (*sink)(void *context, const char *line);
    void *context;
} logger_config;

lg_err logger_open(const logger_config *config, logger **out) LG_MUST_CHECK;
/* Writes what is buffered, unless the reader is stuck: then gives up after two seconds. NULL is fine. */
void logger_close(logger *logger);
void logger_set_level(logger *logger, log_level level); /* any thread */
bool logger_takes(const logger *logger, log_level level);

typedef struct logger_stats {
    uint64_t lines[LOG_ERROR + 1]; /* logged, by level */
    uint64_t dropped;              /* for want of room, or because writing failed */
} logger_stats;
logger_stats logger_get_stats(const logger *logger);

typedef struct log_field {
    const char *name; /* a literal in snake_case */
    const char *text; /* NULL: the number counts, or the field is left out */
    int64_t number;
    enum { LOG_IS_NUMBER, LOG_IS_TEXT } kind;
} log_field;

static inline log_field log_text(const char *name, const char *text)
{
    return (log_field){.name = name, .text = text, .kind = LOG_IS_TEXT};
}
static inline log_field log_number(const char *name, int64_t number)
{
    return (log_field){.name = name, .number = number, .kind = LOG_IS_NUMBER};
}

/* `fields` ends with one that has no name; of two with one name both are written. Any thread; never blocks.
 * logger NULL: nothing happens. */
void log_write(logger *logger, log_level level, const char *event, const char *message,
               const log_field *fields);

/* log_event(logger, LOG_WARN, "sweep.failed", "A sentence for the operator.", log_text("why", …), …). Events
 * are literals, what it is about and what happened: "webhook.dead". message may be NULL. */
#define log_event(logger_, level_, event_, message_, ...)                                                    \
    log_write(logger_, level_, event_, message_, (const log_field[]){{0}, ##__VA_ARGS__, {0}} + 1)

#endif
