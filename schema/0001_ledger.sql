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

-- Merkle tree: level 0 are the leaf hashes, level k the roots of full tiles (256 wide) of level k - 1; level 7 the roots of 16 leaves
-- each, which no tile has, so that a proof reads 32 rows instead of 256.
CREATE TABLE nodes (
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
    n     INTEGER NOT NULL CHECK (n >= 0),
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;

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
    holder TEXT NOT NULL       -- host and process, for people
) STRICT;
INSERT INTO writer (id, epoch, beat, seq, hash, holder) VALUES (1, 0, 0, 0, zeroblob(32), '');

-- Append-only, the second of three ways (the others: the connection's authorizer, and the chain itself).
CREATE TRIGGER entries_keep BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER commands_keep BEFORE UPDATE ON commands BEGIN SELECT RAISE(ABORT, 'commands are append-only'); END;
CREATE TRIGGER commands_stay BEFORE DELETE ON commands BEGIN SELECT RAISE(ABORT, 'commands are append-only'); END;
CREATE TRIGGER nodes_keep BEFORE UPDATE ON nodes BEGIN SELECT RAISE(ABORT, 'nodes are append-only'); END;
CREATE TRIGGER nodes_stay BEFORE DELETE ON nodes BEGIN SELECT RAISE(ABORT, 'nodes are append-only'); END;
CREATE TRIGGER checkpoints_keep BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
CREATE TRIGGER checkpoints_stay BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
