-- What becomes of claims: their earlier states, who was granted a view of them, and questions asked about invoices. All projections.

-- The claim as it stood before entry until_seq: what a certificate as of an earlier time is made from.
CREATE TABLE claim_versions (
    claim_no          INTEGER NOT NULL REFERENCES claims (claim_no),
    until_seq         INTEGER NOT NULL,      -- the entry that ended this state
    hop               INTEGER NOT NULL,
    holder_no         INTEGER NOT NULL,
    held_seq          INTEGER NOT NULL,
    outstanding_minor INTEGER NOT NULL,
    paid_minor        INTEGER NOT NULL,
    diluted_minor     INTEGER NOT NULL,
    life              TEXT NOT NULL,
    age               INTEGER NOT NULL,
    next_age_day      INTEGER,
    encumbrance       TEXT NOT NULL,
    locks             INTEGER NOT NULL,
    lender_no         INTEGER,
    lent_seq          INTEGER,
    financing_no      INTEGER,
    request_no        INTEGER,
    offered_to_no     INTEGER,
    respond_by        INTEGER,
    disputed_by_no    INTEGER,
    dispute_reason    TEXT,
    dispute_note      TEXT,
    disputed_at       INTEGER,
    frozen_by_no      INTEGER,
    order_reference   TEXT,
    notified_at       INTEGER,
    acknowledged_at   INTEGER,
    updated_at        INTEGER NOT NULL,
    last_seq          INTEGER NOT NULL,
    PRIMARY KEY (claim_no, until_seq)
) STRICT, WITHOUT ROWID;

-- A view of a claim that its holder granted to another participant. It ends when it is revoked or expires, or for good when the claim gets
-- another holder.
CREATE TABLE grants (
    grant_no    INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    claim_no    INTEGER NOT NULL REFERENCES claims (claim_no),
    grantor_no  INTEGER NOT NULL,
    grantee_no  INTEGER NOT NULL,
    fields      INTEGER NOT NULL,            -- bit set, in the order of lg_claim_field
    valid_until INTEGER,                     -- microseconds; NULL: open
    note        TEXT,
    granted_at  INTEGER NOT NULL,            -- microseconds
    revoked_at  INTEGER                      -- microseconds; NULL: not revoked
) STRICT;
CREATE INDEX grants_by_grantor ON grants (grantor_no, grant_no);
CREATE INDEX grants_by_grantee ON grants (grantee_no, grant_no);

-- Who may see which fields of which claim beside its parties: by a grant, or because a financing request is addressed to them.
CREATE TABLE claim_views (
    participant_no INTEGER NOT NULL,         -- 0: every lender
    claim_no       INTEGER NOT NULL REFERENCES claims (claim_no),
    source_no      INTEGER NOT NULL,         -- grant_no or request_no
    fields         INTEGER NOT NULL,         -- bit set, in the order of lg_claim_field
    valid_until    INTEGER,                  -- microseconds; NULL: open
    PRIMARY KEY (participant_no, claim_no, source_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_views_by_source ON claim_views (source_no);
CREATE INDEX claim_views_by_claim ON claim_views (claim_no);

-- How often a lender asked on one day whether an invoice is registered.
CREATE TABLE check_counts (
    participant_no INTEGER NOT NULL REFERENCES participants (participant_no),
    day            INTEGER NOT NULL,         -- days since 1970-01-01
    count          INTEGER NOT NULL,
    PRIMARY KEY (participant_no, day)
) STRICT, WITHOUT ROWID;
