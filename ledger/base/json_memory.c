#include "ledger/base/json_memory.h"

#include "ledger/base/arena.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    SLOT_LEN = 32 * 1024,
    SLOTS = 64, /* threads beyond that do without */
    PIECE_ALIGN = alignof(max_align_t),
#ifdef __SANITIZE_ADDRESS__
    USED = false, /* what is used after it was freed shall be found */
#else
    USED = true,
#endif
};

/* The kernel gives memory to the pages that are written. */
static alignas(64) uint8_t memory[SLOTS][SLOT_LEN];
static struct {
    atomic_bool taken;
    /* Less one for each piece that another thread gave back; more what the slot's thread had not given back
     * when it ended. So whoever makes it 0 after that gives back the last piece. */
    atomic_long balance;
} slots[SLOTS];

static _Thread_local struct {
    int slot; /* from 1; 0: none yet; SLOTS + 1: there was none left */
    bool is_open;
    size_t used; /* bytes of it */
    long given;  /* pieces of it that this thread has not given back */
} mine;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit;

static bool start_over_if_unused(void)
{
    atomic_long *balance = &slots[mine.slot - 1].balance;
    if (mine.given + atomic_load(balance) != 0)
        return false;
    if (mine.given) /* others gave back what is missing */
        atomic_store(balance, 0);
    mine.given = 0;
    mine.used = 0;
    return true;
}

static void leave(void *unused)
{
    (void)unused;
    const int slot = mine.slot - 1;
    mine.slot = SLOTS + 1;
    if (atomic_fetch_add(&slots[slot].balance, mine.given) + mine.given == 0)
        atomic_store(&slots[slot].taken, false);
}

static void make_key(void)
{
    if (pthread_key_create(&at_exit, leave) != 0)
        lg_die("no key for threads' memory");
}

static bool claim(void)
{
    pthread_once(&once, make_key);
    for (mine.slot = 1; mine.slot <= SLOTS; mine.slot++)
        if (!atomic_exchange(&slots[mine.slot - 1].taken, true)) {
            pthread_setspecific(at_exit, &mine); /* if it fails, the slot stays taken: no harm */
            return true;
        }
    return false;
}

void lg_json_memory_begin(void)
{
    mine.is_open = USED && (mine.slot ? mine.slot <= SLOTS : claim());
}

void lg_json_memory_end(void)
{
    mine.is_open = false;
}

static void *cut(size_t len)
{
    if (len > SLOT_LEN)
        return NULL;
    len = (len + PIECE_ALIGN - 1) / PIECE_ALIGN * PIECE_ALIGN;
    if (len > SLOT_LEN - mine.used && !start_over_if_unused())
        return NULL;
    void *piece = memory[mine.slot - 1] + mine.used;
    mine.used += len;
    mine.given++;
    return piece;
}

void *lg_json_memory_take(size_t len)
{
    void *piece = mine.is_open ? cut(len) : NULL;
    if (!piece)
        piece = malloc(len);
    if (!piece)
        lg_die("out of memory (%zu bytes)", len);
    return piece;
}

void lg_json_memory_give(void *piece)
{
    const uintptr_t at = (uintptr_t)piece - (uintptr_t)memory;
    if (at >= sizeof memory) {
        free(piece);
        return;
    }
    const int slot = (int)(at / SLOT_LEN) + 1;
    if (slot == mine.slot) {
        mine.given--;
        (void)start_over_if_unused();
    } else if (atomic_fetch_sub(&slots[slot - 1].balance, 1) == 1) {
        atomic_store(&slots[slot - 1].taken, false);
    }
}
