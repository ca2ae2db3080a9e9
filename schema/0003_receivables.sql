-- Receivables, claims and their history. All projections.
-- Lists of values are written with OR: for IN with three or more, SQLite builds a temporary table at every insert.

CREATE TABLE receivables (
    receivable_no      INTEGER PRIMARY KEY,
    id                 BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    life               TEXT NOT NULL CHECK (life = 'held' OR life = 'registered' OR life = 'confirmed' OR life = 'rejected' OR life = 'withdrawn' OR life = 'expired'),
    submitted_by       TEXT NOT NULL CHECK (submitted_by IN ('creditor', 'debtor')),
    submitter_no       INTEGER NOT NULL,     -- the participant whose signature submitted it
    creditor_no        INTEGER NOT NULL,     -- 0: not known here (possible only when rejected)
    debtor_no          INTEGER NOT NULL,     -- 0: not known here (possible only when rejected)
    format             TEXT NOT NULL CHECK (format = 'json' OR format = 'ubl' OR format = 'cii' OR format = 'csv'),
    invoice_number     TEXT NOT NULL,
    issue_day          INTEGER NOT NULL,     -- days since 1970-01-01
    due_day            INTEGER NOT NULL,     -- days since 1970-01-01
    currency           TEXT NOT NULL CHECK (length(currency) = 3),
    gross_minor        INTEGER NOT NULL CHECK (gross_minor > 0),
    amount_minor       INTEGER NOT NULL CHECK (amount_minor > 0),
    confirmed_minor    INTEGER CHECK (confirmed_minor > 0),
    part               TEXT,                 -- label of a part registration
    order_reference    TEXT,
    contract_reference TEXT,
    note               TEXT,
    payee              TEXT,                 -- name of another payee than the seller, if the invoice names one
    document_sha256    BLOB NOT NULL CHECK (length(document_sha256) = 32),  -- of the submitted payload
    documents          TEXT NOT NULL,        -- JSON array of {"kind","name","sha256"}
    confirm_by         INTEGER NOT NULL,     -- microseconds; the other side's deadline
    fingerprint        BLOB CHECK (length(fingerprint) = 16),  -- keyed hash of the invoice; NULL once it is free again
    number_key         INTEGER,              -- keyed hash of seller and the number's skeleton, 63 bits; NULL as above
    similar_key        INTEGER,              -- keyed hash of seller, buyer, currency and gross amount, 63 bits; NULL as above
    claim_no           INTEGER,              -- once confirmed
    reason             TEXT,                 -- of a refusal or withdrawal
    reason_note        TEXT,
    policy_version     INTEGER NOT NULL,     -- the review's
    review_outcome     TEXT NOT NULL CHECK (review_outcome = 'pass' OR review_outcome = 'warn' OR review_outcome = 'hold' OR review_outcome = 'reject'),
    checks             TEXT NOT NULL,        -- JSON array of the review's results
    decision           TEXT CHECK (decision IN ('approved', 'rejected')),  -- of the reviewer
    decided_by_no      INTEGER,
    decided_at         INTEGER,              -- microseconds
    decision_note      TEXT,
    registered_at      INTEGER NOT NULL,     -- microseconds; when it was submitted
    updated_at         INTEGER NOT NULL,     -- microseconds
    last_seq           INTEGER NOT NULL,     -- entry of the last change
    terms_version      INTEGER NOT NULL      -- policy whose deadline rules hold: the review's, or the one it was approved under
) STRICT;
-- Those of a creditor, debtor or submitter are found by its runs: party_tails and party_runs.
CREATE INDEX receivables_held ON receivables (receivable_no) WHERE life = 'held';
CREATE INDEX receivables_judged ON receivables (review_outcome, receivable_no) WHERE review_outcome <> 'pass';
CREATE INDEX receivables_waiting ON receivables (confirm_by) WHERE life = 'registered';
-- One invoice, one live registration (or one per part label). NULLs are distinct, so a freed fingerprint does not count. The number's
-- key comes first, which follows from the invoice as the fingerprint does: so one index finds an invoice, and those like it.
CREATE UNIQUE INDEX receivables_fingerprint ON receivables (number_key, fingerprint, coalesce(part, '')) WHERE number_key IS NOT NULL;
CREATE INDEX receivables_by_similarity ON receivables (similar_key) WHERE similar_key IS NOT NULL;

CREATE TABLE claims (
    claim_no          INTEGER PRIMARY KEY,
    id                BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    receivable_no     INTEGER NOT NULL REFERENCES receivables (receivable_no),
    root_no           INTEGER NOT NULL,      -- the first claim; itself for a root
    parent_no         INTEGER,
    hop               INTEGER NOT NULL CHECK (hop >= 0),  -- transfers since the root
    origin            TEXT NOT NULL CHECK (origin = 'confirmed' OR origin = 'accepted' OR origin = 'both_signed' OR origin = 'tacit'),
    holder_no         INTEGER NOT NULL,
    held_seq          INTEGER NOT NULL,      -- the entry that made the holder its holder
    creditor_no       INTEGER NOT NULL,
    debtor_no         INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    face_minor        INTEGER NOT NULL CHECK (face_minor > 0),
    -- face = outstanding + paid + diluted, until a split closes it; then the children's faces are what was outstanding.
    outstanding_minor INTEGER NOT NULL CHECK (outstanding_minor >= 0),
    paid_minor        INTEGER NOT NULL CHECK (paid_minor >= 0),
    diluted_minor     INTEGER NOT NULL CHECK (diluted_minor >= 0),  -- lowered by credit notes
    due_day           INTEGER NOT NULL,
    life              TEXT NOT NULL CHECK (life = 'confirmed' OR life = 'due' OR life = 'part_paid' OR life = 'overdue' OR life = 'defaulted'
                          OR life = 'settled' OR life = 'split' OR life = 'void' OR life = 'written_off'),
    age               INTEGER NOT NULL CHECK (age BETWEEN 0 AND 3),  -- 1 due, 2 overdue, 3 defaulted: how far time has moved it
    next_age_day      INTEGER,               -- days since 1970-01-01; when time moves it on; NULL: never
    encumbrance       TEXT NOT NULL CHECK (encumbrance = 'free' OR encumbrance = 'offered' OR encumbrance = 'reserved'
                          OR encumbrance = 'pledged' OR encumbrance = 'sold' OR encumbrance = 'pooled'),
    locks             INTEGER NOT NULL,      -- bit set of lg_claim_lock, without the debtor's being stopped (that is on the debtor)
    lender_no         INTEGER,               -- for whom it is reserved or pledged
    lent_seq          INTEGER,               -- the entry that gave the lender its right
    financing_no      INTEGER,               -- the financing it is reserved, pledged or sold under
    request_no        INTEGER,               -- the open financing request that offers it
    offered_to_no     INTEGER,               -- the recipient of a transfer that is not answered yet ...
    respond_by        INTEGER,               -- ... and its deadline, microseconds
    disputed_by_no    INTEGER,
    dispute_reason    TEXT,
    dispute_note      TEXT,
    disputed_at       INTEGER,               -- microseconds
    frozen_by_no      INTEGER,
    order_reference   TEXT,                  -- of the order that froze it
    notified_at       INTEGER,               -- microseconds; when the debtor was told of the present holder or lender
    acknowledged_at   INTEGER,               -- microseconds; when the debtor signed that it knows
    accepted_at       INTEGER NOT NULL,      -- microseconds; of the root
    updated_at        INTEGER NOT NULL,      -- microseconds
    last_seq          INTEGER NOT NULL
) STRICT;
-- A claim that its first creditor holds undivided is in claims_kept alone, any other in claims_by_holder. The first creditor lists what
-- was owed to it, not what became of that: what it kept, and what it parted with.
CREATE INDEX claims_kept ON claims (creditor_no, accepted_at, claim_no) WHERE parent_no IS NULL AND holder_no = creditor_no;
CREATE INDEX claims_parted ON claims (creditor_no, accepted_at, claim_no) WHERE parent_no IS NULL AND holder_no <> creditor_no;
CREATE INDEX claims_by_holder ON claims (holder_no, accepted_at, claim_no) WHERE parent_no IS NOT NULL OR holder_no <> creditor_no;
CREATE INDEX claims_by_debtor ON claims (debtor_no, accepted_at, claim_no);
-- An undivided root is found by its own number.
CREATE INDEX claims_by_root ON claims (root_no, claim_no) WHERE parent_no IS NOT NULL;
CREATE INDEX claims_by_lender ON claims (lender_no, accepted_at, claim_no) WHERE lender_no IS NOT NULL;
CREATE INDEX claims_by_recipient ON claims (offered_to_no, accepted_at, claim_no) WHERE offered_to_no IS NOT NULL;
CREATE INDEX claims_by_authority ON claims (frozen_by_no, accepted_at, claim_no) WHERE frozen_by_no IS NOT NULL;
CREATE INDEX claims_responding ON claims (respond_by) WHERE respond_by IS NOT NULL;
CREATE INDEX claims_ageing ON claims (next_age_day, claim_no)
    WHERE life = 'confirmed' OR life = 'due' OR life = 'part_paid' OR life = 'overdue';
CREATE INDEX claims_unpaid ON claims (debtor_no) WHERE life = 'overdue' OR life = 'defaulted';

-- Which entries tell the story of what: subject_no is a participant_no, receivable_no or claim_no. Here and in parties seq is an
-- entry's without saying REFERENCES: every row is written with an entry, and the audit makes all of them anew.
CREATE TABLE history (
    subject_no INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    PRIMARY KEY (subject_no, seq)
) STRICT, WITHOUT ROWID;

-- Who is party to which entry, and how much of its facts each may read: whatever one of its shares shows. A row stays for good:
-- who once saw goes on seeing.
-- Also the durable outbox of the webhooks: written with the entry, in its transaction, and read by seq; a party is sent an entry
-- once, with all it may read then. A row may come to an earlier entry later on, for one that became a party. It is for reading: it
-- is sent only where the outbox had not yet come by, as when it lags, or starts over because webhooks.db is lost.
CREATE TABLE parties (
    seq            INTEGER NOT NULL,
    participant_no INTEGER NOT NULL,
    -- ledger/registry/share.h. 0: all facts; 1..127: all but other parts' (part_<j>, j <> share); 128 + k: part_<k> alone;
    -- -1: those of the title; -2: which financing request it is.
    share          INTEGER NOT NULL CHECK (share BETWEEN -2 AND 255 AND share <> 128),
    PRIMARY KEY (seq, participant_no, share)
) STRICT, WITHOUT ROWID;
