-- webhooks.db: what became of each message. Written by the delivery thread alone. Losing it loses no message: every endpoint
-- is then told again of all entries since its creation.

-- Entries up to this one have been looked at: whom they concern has a row in deliveries.
CREATE TABLE position (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL                     -- -1: nothing yet
) STRICT;
INSERT INTO position (id, seq) VALUES (1, -1);

CREATE TABLE deliveries (
    webhook_no      INTEGER NOT NULL,        -- of ledger.db's webhooks
    seq             INTEGER NOT NULL,        -- the entry
    type            TEXT NOT NULL,           -- of the entry
    state           TEXT NOT NULL CHECK (state = 'pending' OR state = 'delivered' OR state = 'dead' OR state = 'skipped'),
    attempts        INTEGER NOT NULL,        -- since it was queued or replayed
    next_attempt_at INTEGER,                 -- microseconds; NULL: as soon as its turn comes, or never
    last_attempt_at INTEGER,                 -- microseconds
    last_status     INTEGER,                 -- HTTP status of the last answer
    last_error      TEXT,                    -- why there was no answer, or none that counts
    delivered_at    INTEGER,                 -- microseconds
    duration_ms     INTEGER,                 -- of the last attempt
    PRIMARY KEY (webhook_no, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_pending ON deliveries (webhook_no, seq) WHERE state = 'pending';
CREATE INDEX deliveries_dead ON deliveries (webhook_no, seq) WHERE state = 'dead';
