-- Where participants want to be told of entries. A projection; what became of each message is in a database of its own
-- (webhooks_0001.sql), because it is no part of the ledger. Secrets are derived, never stored (ledger/registry/webhook_keys.c).

CREATE TABLE webhooks (
    webhook_no     INTEGER PRIMARY KEY,      -- entries after the one that created it are delivered
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    participant_no INTEGER NOT NULL,         -- the owner, whose view of the entries is sent
    url            TEXT NOT NULL,
    events         TEXT NOT NULL,            -- JSON array of entry types, or beginnings of types ending in '.'; empty: all
    description    TEXT,
    generation     INTEGER NOT NULL CHECK (generation >= 1),  -- of its secret; grows by one with each rotation
    registered_at  INTEGER NOT NULL,         -- microseconds
    rotated_at     INTEGER,                  -- microseconds; when the present generation began, NULL for the first
    removed_at     INTEGER,                  -- microseconds
    last_seq       INTEGER NOT NULL          -- entry of the last change
) STRICT;
CREATE INDEX webhooks_by_participant ON webhooks (participant_no, webhook_no);
CREATE INDEX webhooks_by_change ON webhooks (last_seq);
