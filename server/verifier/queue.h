/* Questions in memory: all that are pending, by number, and those that wait for their turn, by time. */
#ifndef VERIFIER_QUEUE_H
#define VERIFIER_QUEUE_H

#include "ledger/base/calendar.h"
#include "ledger/base/uuid.h"

#include <stdbool.h>
#include <stddef.h>

enum { FAILURE_TEXT_MAX = 120 };

typedef enum { PLACE_WAITING, PLACE_CALLING, PLACE_RECORDING, PLACE_DONE } question_place;

typedef struct question {
    lg_receivable_no no;
    lg_receivable_id id;
    lg_time verify_by;
    question_place place;
    int64_t due_ms; /* while it waits; monotonic */
    size_t heap_at; /* while it waits */
    unsigned failures;
    char failure[FAILURE_TEXT_MAX]; /* why the last call gave no answer; "": it was never made */
} question;

typedef struct question_queue {
    question **all; /* by number; with those that are done until there are many of them */
    size_t count, cap, done;
    question **heap; /* those that wait, the soonest first */
    size_t waiting, heap_cap;
} question_queue;

/* Its number must be above those of all before; it waits from now on. */
question *queue_add(question_queue *queue, lg_receivable_no no, lg_receivable_id id, lg_time verify_by,
                    int64_t due_ms);
/* NULL: there is none, or it is done. */
question *queue_find(const question_queue *queue, lg_receivable_no no);
/* The waiting one that is due first; NULL: none waits. */
question *queue_first(const question_queue *queue);
/* No longer waits: it is called about, or recorded. */
void queue_take(question_queue *queue, question *q, question_place place);
/* Waits again. */
void queue_put(question_queue *queue, question *q, int64_t due_ms);
/* One that does not wait is forgotten. */
void queue_drop(question_queue *queue, question *q);
void queue_clear(question_queue *queue);

#endif
