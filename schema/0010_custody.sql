-- What a token may commit in custody, and what two tokens must say together. All projections.

ALTER TABLE tokens ADD COLUMN issued_with_no INTEGER;  -- token_no of the token it was issued with; NULL: a key signed for it
ALTER TABLE tokens ADD COLUMN line_no INTEGER;         -- token_no of the first of its line; NULL: itself
ALTER TABLE tokens ADD COLUMN limited INTEGER NOT NULL DEFAULT 0 CHECK (limited IN (0, 1));  -- 1: token_limits say what it may commit

-- The largest amount that one command with the token may commit or dispose of. A limited token may commit nothing in a
-- currency that has no row here.
CREATE TABLE token_limits (
    token_no    INTEGER NOT NULL REFERENCES tokens (token_no),
    currency    TEXT NOT NULL,
    limit_minor INTEGER NOT NULL CHECK (limit_minor >= 0),
    PRIMARY KEY (token_no, currency)
) STRICT, WITHOUT ROWID;

-- The amount above which the participant's confirmations in custody need two tokens; no row: one is enough.
CREATE TABLE four_eyes (
    participant_no INTEGER NOT NULL REFERENCES participants (participant_no),
    currency       TEXT NOT NULL,
    above_minor    INTEGER NOT NULL CHECK (above_minor >= 0),
    PRIMARY KEY (participant_no, currency)
) STRICT, WITHOUT ROWID;

-- What one token said and a second one must say too, before it takes effect.
CREATE TABLE approvals (
    approval_no    INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    participant_no INTEGER NOT NULL REFERENCES participants (participant_no),
    kind           TEXT NOT NULL CHECK (kind = 'confirm' OR kind = 'accept' OR kind = 'four_eyes'),
    receivable_no  INTEGER NOT NULL,         -- 0: it is the setting of four_eyes that is to change
    currency       TEXT NOT NULL,
    amount_minor   INTEGER,                  -- confirmed; of four_eyes the amount it is set to, NULL: lifted
    note           TEXT,
    token_no       INTEGER NOT NULL REFERENCES tokens (token_no),  -- who asked
    second_no      INTEGER,                  -- token_no of who gave it, or withdrew it in custody; NULL: nobody, or a key
    status         TEXT NOT NULL CHECK (status = 'waiting' OR status = 'given' OR status = 'withdrawn' OR status = 'overtaken'),
    asked_at       INTEGER NOT NULL,         -- microseconds
    expires_at     INTEGER NOT NULL,         -- microseconds
    closed_at      INTEGER,                  -- microseconds; NULL: it waits
    last_seq       INTEGER NOT NULL
) STRICT;
CREATE INDEX approvals_by_participant ON approvals (participant_no, approval_no);
-- At most one waits for the same thing.
CREATE UNIQUE INDEX approvals_waiting ON approvals (participant_no, receivable_no, currency) WHERE status = 'waiting';
