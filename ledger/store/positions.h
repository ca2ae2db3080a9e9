/* Positions of one participant, packed: where they all stand behind an entry, and what the entry moved.
 *
 * A row of party_entries holds both in one blob, so that one look at a participant's last row before a moment
 * tells every position at that moment:
 *
 *   blob      = stands, and if the entry moved anything: moved
 *   stands    = number of groups, groups in the order of their currencies: every position that ever moved
 *   group     = currency: 2 bytes, the letters as digits of base 26, first the high byte;
 *               accounts: 1 byte, bit n for lg_account n; not 0
 *               for each of these accounts, from the lowest bit on: items, amount (modulo 2^64)
 *   moved     = the entry's lg_event_type, movements in the order of account, currency and line
 *   movement  = 3 * place + items + 1, where place counts the positions of `stands` from 0;
 *               amount, zigzag; how far subject_no lies below the last row number of the entry
 *
 * Numbers are varints (base/varint.h) where nothing else is said. The same positions give the same bytes.
 * What each movement left behind it is not kept: it follows, from the last one back. */
#ifndef LG_STORE_POSITIONS_H
#define LG_STORE_POSITIONS_H

#include "ledger/base/uuid.h"
#include "ledger/registry/money.h"

/* What a participant has. A position is one account in one currency: so many items, together so much. The
 * numbers are stored: add at the end, up to eight. */
typedef enum {
    LG_ACCOUNT_RECEIVABLES_REGISTERED, /* receivables that wait to be confirmed, for their creditor */
    LG_ACCOUNT_PAYABLES_REGISTERED,    /* the same for their debtor */
    LG_ACCOUNT_CLAIMS_HELD,            /* what is outstanding of live claims, for their holder */
    LG_ACCOUNT_CLAIMS_OWED,            /* the same for their debtor */
    LG_ACCOUNT_CLAIMS_RESERVED,        /* the same of those reserved for a lender, until it disburses */
    LG_ACCOUNT_CLAIMS_PLEDGED,         /* the same of those pledged to a lender */
    LG_ACCOUNT_ADVANCES_MADE,     /* advances of financings that are disbursed and not ended: the lender's */
    LG_ACCOUNT_ADVANCES_RECEIVED, /* the same for the seller */
    LG_ACCOUNT_COUNT,
} lg_account;
const char *lg_account_name(lg_account account);

typedef struct lg_balance {
    int64_t items,
        amount_minor; /* the amount modulo 2^64, should all that somebody holds ever come to more */
} lg_balance;

typedef struct lg_position {
    lg_account account;
    lg_currency currency;
    lg_balance balance;
} lg_position;

/* The one of that account and currency; with nothing in it, if there is none. */
lg_position lg_position_in(const lg_position *rows, size_t count, lg_account account, lg_currency currency);

typedef struct lg_movement {
    lg_account account;
    lg_currency currency;
    int64_t subject_no;   /* the receivable, claim or financing that moved, as the account says */
    int64_t items;        /* 1: it came into the account, -1: it left it; 0: its amount changed */
    int64_t amount_minor; /* what came or, negative, went */
    lg_balance after;     /* the position behind it */
} lg_movement;

/* All of a participant's positions, in the order of the blob; and what one entry moved. */
typedef struct lg_positions {
    lg_position *rows;
    size_t count;
    int type; /* the entry's, an lg_event_type; 0: it moved nothing */
    lg_movement *movements;
    size_t movement_count;
} lg_positions;

/* What a blob says that belongs to an entry; an empty one is that of nobody who ever had anything. LG_CORRUPT
 * if these bytes are nothing that lg_positions_pack gives. */
lg_err lg_positions_unpack(lg_bytes blob, int64_t seq, lg_arena *arena, lg_positions *out) LG_MUST_CHECK;
/* How much of a blob is `stands`, for the next row to begin with; LG_CORRUPT as above. */
lg_err lg_positions_stand_len(lg_bytes blob, size_t *len) LG_MUST_CHECK;

/* Moves positions: puts the movements in order, sets what is behind each, and adds to positions->rows what
 * was not there. LG_INTERNAL if more would leave an account than is in it. */
lg_err lg_positions_move(lg_positions *positions, lg_arena *arena) LG_MUST_CHECK;
/* The blob, in the arena. */
lg_bytes lg_positions_pack(const lg_positions *positions, int64_t seq, lg_arena *arena);

#endif
