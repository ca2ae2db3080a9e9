-- Who takes part. All projections. A `_no` is 128 * seq + index: seq of the entry that created the row, and the row's place among
-- what the entry created (0: its main thing; claims count from 1).

CREATE TABLE participants (
    participant_no INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    name           TEXT NOT NULL,
    country        TEXT,                     -- ISO 3166-1 alpha-2
    group_name     TEXT,                     -- group of companies, for concentration limits
    roles          INTEGER NOT NULL,         -- bit set, in the order of lg_role
    suspended      INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
    stopped        INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),  -- on the debtors' stop list
    rating         TEXT,                     -- as the operator recorded it, such as AA+
    rating_agency  TEXT,
    registered_at  INTEGER NOT NULL,         -- microseconds since 1970, UTC
    last_seq       INTEGER NOT NULL          -- entry of the last change
) STRICT;

-- Each identifier belongs to one participant.
CREATE TABLE identifiers (
    scheme         TEXT NOT NULL CHECK (scheme = 'uscc' OR scheme = 'lei' OR scheme = 'gln' OR scheme = 'tax_id' OR scheme = 'registration_no'),
    value          TEXT NOT NULL,            -- normalised
    participant_no INTEGER NOT NULL REFERENCES participants (participant_no),
    PRIMARY KEY (scheme, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifiers_by_participant ON identifiers (participant_no);

CREATE TABLE keys (
    kid            TEXT PRIMARY KEY,         -- RFC 7638 thumbprint
    key_no         INTEGER NOT NULL,
    participant_no INTEGER NOT NULL REFERENCES participants (participant_no),
    public_key     BLOB NOT NULL CHECK (length(public_key) = 32),
    custody        INTEGER NOT NULL CHECK (custody IN (0, 1)),  -- 1: the registry's custody signs with it
    valid_from     INTEGER NOT NULL,         -- microseconds
    valid_until    INTEGER,                  -- microseconds; NULL: open
    revoked_at     INTEGER                   -- microseconds; NULL: not revoked
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_participant ON keys (participant_no, key_no);

-- Bearer tokens for reads. Only a token's SHA-256 is known here; it comes from the command and never enters an entry.
CREATE TABLE tokens (
    token_no       INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    participant_no INTEGER NOT NULL REFERENCES participants (participant_no),
    token_sha256   BLOB NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
    scopes         INTEGER NOT NULL,         -- bit set, in the order of lg_scope
    label          TEXT,
    expires_at     INTEGER NOT NULL,         -- microseconds
    revoked_at     INTEGER                   -- microseconds; NULL: not revoked
) STRICT;
CREATE INDEX tokens_by_participant ON tokens (participant_no, token_no);

-- A debtor's credit line per currency; no row: no limit.
CREATE TABLE credit_lines (
    participant_no INTEGER NOT NULL REFERENCES participants (participant_no),
    currency       TEXT NOT NULL,
    limit_minor    INTEGER NOT NULL CHECK (limit_minor >= 0),
    PRIMARY KEY (participant_no, currency)
) STRICT, WITHOUT ROWID;

-- What a debtor owes or may come to owe per currency: registered and confirmed amounts that are not final.
CREATE TABLE exposures (
    participant_no INTEGER NOT NULL REFERENCES participants (participant_no),
    currency       TEXT NOT NULL,
    used_minor     INTEGER NOT NULL CHECK (used_minor >= 0),
    PRIMARY KEY (participant_no, currency)
) STRICT, WITHOUT ROWID;

-- The gateway's thresholds, versioned.
CREATE TABLE policies (
    version INTEGER PRIMARY KEY CHECK (version >= 1),
    set_seq INTEGER NOT NULL,
    set_at  INTEGER NOT NULL,                -- microseconds
    body    TEXT NOT NULL                    -- JSON object, canonical
) STRICT;
