#include "server/verifier/queue.h"

#include "ledger/base/arena.h"

#include <stdlib.h>

static question **grown(question **items, size_t count, size_t *cap)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 64;
    items = realloc(items, *cap * sizeof *items);
    if (!items)
        lg_die("out of memory");
    return items;
}

/* ---- the heap ---- */

static bool sooner(const question *a, const question *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->no.v < b->no.v;
}

static void seat(question_queue *queue, question *q, size_t at)
{
    queue->heap[at] = q;
    q->heap_at = at;
}

static void rise(question_queue *queue, question *q, size_t at)
{
    for (; at > 0 && sooner(q, queue->heap[(at - 1) / 2]); at = (at - 1) / 2)
        seat(queue, queue->heap[(at - 1) / 2], at);
    seat(queue, q, at);
}

static void sink(question_queue *queue, question *q, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < queue->waiting; at = child) {
        if (child + 1 < queue->waiting && sooner(queue->heap[child + 1], queue->heap[child]))
            child++;
        if (!sooner(queue->heap[child], q))
            break;
        seat(queue, queue->heap[child], at);
    }
    seat(queue, q, at);
}

void queue_put(question_queue *queue, question *q, int64_t due_ms)
{
    queue->heap = grown(queue->heap, queue->waiting, &queue->heap_cap);
    q->place = PLACE_WAITING;
    q->due_ms = due_ms;
    queue->waiting++;
    rise(queue, q, queue->waiting - 1);
}

void queue_take(question_queue *queue, question *q, question_place place)
{
    size_t at = q->heap_at;
    question *last = queue->heap[--queue->waiting];
    q->place = place;
    if (last == q)
        return;
    sink(queue, last, at);
    if (last->heap_at == at)
        rise(queue, last, at);
}

question *queue_first(const question_queue *queue)
{
    return queue->waiting ? queue->heap[0] : NULL;
}

/* ---- by number ---- */

question *queue_add(question_queue *queue, lg_receivable_no no, lg_receivable_id id, lg_time verify_by,
                    int64_t due_ms)
{
    question *q = calloc(1, sizeof *q);
    if (!q)
        lg_die("out of memory");
    *q = (question){.no = no, .id = id, .verify_by = verify_by};
    queue->all = grown(queue->all, queue->count, &queue->cap);
    queue->all[queue->count++] = q;
    queue_put(queue, q, due_ms);
    return q;
}

question *queue_find(const question_queue *queue, lg_receivable_no no)
{
    size_t low = 0, high = queue->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (queue->all[middle]->no.v < no.v)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == queue->count || queue->all[low]->no.v != no.v || queue->all[low]->place == PLACE_DONE)
        return NULL;
    return queue->all[low];
}

void queue_drop(question_queue *queue, question *q)
{
    size_t kept = 0;
    q->place = PLACE_DONE;
    if (++queue->done * 2 <= queue->count)
        return;
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->all[i]->place == PLACE_DONE)
            free(queue->all[i]);
        else
            queue->all[kept++] = queue->all[i];
    }
    queue->count = kept;
    queue->done = 0;
}

void queue_clear(question_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        free(queue->all[i]);
    free(queue->all);
    free(queue->heap);
    *queue = (question_queue){0};
}
