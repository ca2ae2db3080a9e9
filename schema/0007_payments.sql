-- Payments, and acts that several must sign. All projections.

CREATE TABLE payments (
    payment_no     INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    root_no        INTEGER NOT NULL REFERENCES claims (claim_no),
    debtor_no      INTEGER NOT NULL,
    recorded_by_no INTEGER NOT NULL,         -- the debtor, or the bank that reports it
    amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),  -- distributed and excess together
    excess_minor   INTEGER NOT NULL CHECK (excess_minor >= 0), -- more than was owed; not distributed
    currency       TEXT NOT NULL,
    bank_reference TEXT NOT NULL,
    paid_day       INTEGER NOT NULL,         -- days since 1970-01-01
    recorded_at    INTEGER NOT NULL,         -- microseconds
    reversed_at    INTEGER,                  -- microseconds; NULL: stands
    reverse_reason TEXT,
    last_seq       INTEGER NOT NULL
) STRICT;
CREATE INDEX payments_by_root ON payments (root_no, payment_no);
CREATE INDEX payments_by_debtor ON payments (debtor_no, payment_no);
CREATE INDEX payments_by_recorder ON payments (recorded_by_no, payment_no);
-- One bank transfer, one payment; a reversed one may be reported anew.
CREATE UNIQUE INDEX payments_reference ON payments (recorded_by_no, bank_reference) WHERE reversed_at IS NULL;

-- Who was paid what of it.
CREATE TABLE payment_shares (
    payment_no   INTEGER NOT NULL REFERENCES payments (payment_no),
    claim_no     INTEGER NOT NULL REFERENCES claims (claim_no),
    holder_no    INTEGER NOT NULL,           -- of the claim then
    payee_no     INTEGER NOT NULL,           -- the lender of a pledged claim, else its holder
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (payment_no, claim_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_shares_by_payee ON payment_shares (payee_no, payment_no);
CREATE INDEX payment_shares_by_holder ON payment_shares (holder_no, payment_no);

-- A credit note or a void: takes effect with the last of the signatures it needs.
CREATE TABLE proposals (
    proposal_no    INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    kind           TEXT NOT NULL CHECK (kind = 'credit_note' OR kind = 'void'),
    claim_no       INTEGER NOT NULL REFERENCES claims (claim_no),
    amount_minor   INTEGER,                  -- of a credit note
    reference      TEXT,                     -- number of the credit note
    note           TEXT,
    proposed_by_no INTEGER NOT NULL,
    status         TEXT NOT NULL CHECK (status = 'open' OR status = 'effective' OR status = 'declined'),
    expires_at     INTEGER NOT NULL,         -- microseconds
    proposed_at    INTEGER NOT NULL,         -- microseconds
    last_seq       INTEGER NOT NULL
) STRICT;

CREATE TABLE proposal_signers (
    proposal_no    INTEGER NOT NULL REFERENCES proposals (proposal_no),
    place          INTEGER NOT NULL,         -- in the order creditor, debtor, holder, lender
    participant_no INTEGER NOT NULL,
    signed_at      INTEGER,                  -- microseconds; NULL: not yet
    PRIMARY KEY (proposal_no, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX proposal_signers_by_participant ON proposal_signers (participant_no, proposal_no);
