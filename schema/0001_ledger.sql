-- The ledger itself: what cannot be derived from anything else.
-- Every other table is a projection: the audit rebuilds it from these and compares.

-- Entries, written once.
CREATE TABLE entries (
    seq  INTEGER PRIMARY KEY CHECK (seq >= 0),  -- position in the chain, from 0 without gaps
    body BLOB NOT NULL CHECK (length(body) BETWEEN 2 AND 65536)  -- packed (ledger/store/entry_pack.h): a JCS object, whose exact bytes come back
) STRICT;

-- The facts of an entry (RFC 9901 disclosures joined by '~'), kept apart so that they can be erased without breaking a proof.
CREATE TABLE disclosures (
    seq  INTEGER PRIMARY KEY REFERENCES entries (seq),
    body BLOB NOT NULL                      -- packed: ledger/store/pack.h
) STRICT;

-- Signed commands, verbatim, with the answer they got. One command causes one or more consecutive entries.
CREATE TABLE commands (
    first_seq   INTEGER PRIMARY KEY REFERENCES entries (seq),  -- the first entry it caused
    entry_count INTEGER NOT NULL CHECK (entry_count >= 1),
    signer_no   INTEGER NOT NULL,           -- participant_no of the (first) signer
    jti_key     BLOB NOT NULL CHECK (length(jti_key) = 12),  -- for the lookup: the jti's time, if it begins with one as a UUID of
                                            -- version 7 does, 6 bytes; then the beginning of SHA-256(jti)
    jti         TEXT NOT NULL,              -- idempotency key as signed, each signer's own
    url         TEXT NOT NULL,              -- path the command was signed for
    status      INTEGER NOT NULL,           -- what it was answered: 200, 201, 202 or 422
    jws_len     INTEGER NOT NULL CHECK (jws_len >= 0),
    texts       BLOB NOT NULL               -- packed (ledger/store/pack.h): the exact bytes received, jws_len of them, whose SHA-256 is
                                            -- the entries' req; then the JSON answer, in which receipts are filled in from the tree
) STRICT;
CREATE INDEX commands_by_jti ON commands (jti_key);

-- Merkle tree, in rows of sixteen: row n of level 0 are the leaf hashes of entries 16n to 16n + 15, row n of level k the roots of
-- rows 16n to 16n + 15 of level k - 1. So a full tile (256 wide) of level t are sixteen rows of level 2t, and a proof reads one row of
-- level 0 and one of level 1. A row is written once, when it is full; until then its hashes are in the writer's row.
CREATE TABLE nodes (
    place  INTEGER PRIMARY KEY,             -- n - level * 2^49: level 0, which grows most, has the table's end to itself
    hashes BLOB NOT NULL CHECK (length(hashes) = 512)  -- 16 of 32 bytes
) STRICT;

-- One row per commit: the tree head its answers were proven against. Signatures are not stored (Ed25519 is deterministic).
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    root BLOB NOT NULL CHECK (length(root) = 32)
) STRICT;

-- The right to append: compared and set by every commit, so that a displaced writer updates no row and stops.
CREATE TABLE writer (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    epoch  INTEGER NOT NULL,   -- grows when a process takes the right over
    beat   INTEGER NOT NULL,   -- grows with every commit
    seq    INTEGER NOT NULL,   -- entries written
    hash   BLOB NOT NULL CHECK (length(hash) = 32),  -- leaf hash of the last entry, zeros when there is none
    tail   BLOB NOT NULL CHECK (length(tail) % 32 = 0),  -- the tree's hashes that are in no full row: of each level, the lowest first,
                               -- as many as that hexadecimal digit of seq says, the last one first
    holder TEXT NOT NULL       -- host and process, for people
) STRICT;
INSERT INTO writer (id, epoch, beat, seq, hash, tail, holder) VALUES (1, 0, 0, 0, zeroblob(32), x'', '');

-- Append-only, the second of three ways (the others: the connection's authorizer, and the chain itself).
CREATE TRIGGER entries_keep BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER commands_keep BEFORE UPDATE ON commands BEGIN SELECT RAISE(ABORT, 'commands are append-only'); END;
CREATE TRIGGER commands_stay BEFORE DELETE ON commands BEGIN SELECT RAISE(ABORT, 'commands are append-only'); END;
CREATE TRIGGER nodes_keep BEFORE UPDATE ON nodes BEGIN SELECT RAISE(ABORT, 'nodes are append-only'); END;
CREATE TRIGGER nodes_stay BEFORE DELETE ON nodes BEGIN SELECT RAISE(ABORT, 'nodes are append-only'); END;
CREATE TRIGGER checkpoints_keep BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
CREATE TRIGGER checkpoints_stay BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
