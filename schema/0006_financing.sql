-- Programs, requests, offers and financings. All projections.

-- A lender's standing offer, which binds it until it is closed, expires, or its limit is drawn.
CREATE TABLE programs (
    program_no              INTEGER PRIMARY KEY,
    id                      BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    lender_no               INTEGER NOT NULL,
    name                    TEXT NOT NULL,
    kind                    TEXT NOT NULL CHECK (kind = 'sale' OR kind = 'pledge'),
    recourse                INTEGER NOT NULL CHECK (recourse IN (0, 1)),
    currency                TEXT NOT NULL,
    tenor_min_days          INTEGER NOT NULL,  -- from the day of the offer to the due date
    tenor_max_days          INTEGER NOT NULL,
    amount_min_minor        INTEGER NOT NULL,  -- of a request's total outstanding amount
    amount_max_minor        INTEGER NOT NULL,
    advance_rate_ppm        INTEGER NOT NULL,
    annual_rate_ppm         INTEGER NOT NULL,
    day_count               INTEGER NOT NULL CHECK (day_count = 360 OR day_count = 365),
    fee_minor               INTEGER NOT NULL,
    fee_rate_ppm            INTEGER NOT NULL,  -- of the advance
    total_limit_minor       INTEGER NOT NULL,  -- of advances drawn at one time
    debtor_limit_minor      INTEGER,           -- of advances on one debtor's claims; NULL: none
    drawn_minor             INTEGER NOT NULL CHECK (drawn_minor >= 0),  -- above the limit only when a repayment bounced
    valid_until             INTEGER NOT NULL,  -- microseconds
    offer_valid_minutes     INTEGER NOT NULL,
    disburse_within_minutes INTEGER NOT NULL,
    opened_at               INTEGER NOT NULL,  -- microseconds
    closed_at               INTEGER,           -- microseconds; NULL: open
    last_seq                INTEGER NOT NULL
) STRICT;
CREATE INDEX programs_by_lender ON programs (lender_no, program_no);
CREATE INDEX programs_open ON programs (lender_no, valid_until) WHERE closed_at IS NULL;

-- Debtors a program finances; debtor_no 0: any.
CREATE TABLE program_debtors (
    debtor_no  INTEGER NOT NULL,
    program_no INTEGER NOT NULL REFERENCES programs (program_no),
    place      INTEGER NOT NULL,             -- in the list as it was given, from 0; likewise below
    open_until INTEGER,                      -- the program's valid_until; NULL once it is closed
    PRIMARY KEY (debtor_no, program_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX program_debtors_by_program ON program_debtors (program_no, place);
CREATE INDEX program_debtors_open ON program_debtors (debtor_no, open_until) WHERE open_until IS NOT NULL;

-- What is drawn from a program on one debtor's claims.
CREATE TABLE program_draws (
    program_no  INTEGER NOT NULL REFERENCES programs (program_no),
    debtor_no   INTEGER NOT NULL,
    drawn_minor INTEGER NOT NULL CHECK (drawn_minor >= 0),
    PRIMARY KEY (program_no, debtor_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    request_no   INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    holder_no    INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    total_minor  INTEGER NOT NULL,           -- outstanding of its claims when it was made
    kind         TEXT CHECK (kind = 'sale' OR kind = 'pledge'),  -- NULL: either
    recourse     INTEGER CHECK (recourse IN (0, 1)),  -- NULL: either
    any_lender   INTEGER NOT NULL CHECK (any_lender IN (0, 1)),
    fields       INTEGER NOT NULL,           -- bit set, in the order of lg_claim_field
    pay_to       TEXT NOT NULL,              -- account the advance is to be paid to
    note         TEXT,
    status       TEXT NOT NULL CHECK (status = 'open' OR status = 'withdrawn' OR status = 'lapsed' OR status = 'accepted'),
    valid_until  INTEGER NOT NULL,           -- microseconds
    requested_at INTEGER NOT NULL,           -- microseconds
    last_seq     INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_by_holder ON requests (holder_no, request_no);
CREATE INDEX requests_open_to_any ON requests (request_no) WHERE any_lender = 1 AND status = 'open';
CREATE INDEX requests_waiting ON requests (valid_until) WHERE status = 'open';

CREATE TABLE request_claims (
    request_no   INTEGER NOT NULL REFERENCES requests (request_no),
    place        INTEGER NOT NULL,
    claim_no     INTEGER NOT NULL REFERENCES claims (claim_no),
    amount_minor INTEGER NOT NULL,           -- outstanding when it was requested
    PRIMARY KEY (request_no, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_lenders (
    lender_no  INTEGER NOT NULL,
    request_no INTEGER NOT NULL REFERENCES requests (request_no),
    place      INTEGER NOT NULL,
    PRIMARY KEY (lender_no, request_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_lenders_by_request ON request_lenders (request_no, place);

CREATE TABLE offers (
    offer_no                INTEGER PRIMARY KEY,
    id                      BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    request_no              INTEGER NOT NULL REFERENCES requests (request_no),
    lender_no               INTEGER NOT NULL,
    program_no              INTEGER,         -- the standing offer it follows from; NULL: made by hand
    kind                    TEXT NOT NULL CHECK (kind = 'sale' OR kind = 'pledge'),
    recourse                INTEGER NOT NULL CHECK (recourse IN (0, 1)),
    advance_rate_ppm        INTEGER NOT NULL,
    annual_rate_ppm         INTEGER NOT NULL,
    day_count               INTEGER NOT NULL,
    advance_minor           INTEGER NOT NULL,
    interest_minor          INTEGER NOT NULL,
    fee_minor               INTEGER NOT NULL,
    valid_until             INTEGER NOT NULL,  -- microseconds
    disburse_within_minutes INTEGER NOT NULL,
    status                  TEXT NOT NULL CHECK (status = 'open' OR status = 'withdrawn' OR status = 'accepted' OR status = 'lapsed'),
    offered_at              INTEGER NOT NULL,  -- microseconds
    last_seq                INTEGER NOT NULL
) STRICT;
CREATE INDEX offers_by_request ON offers (request_no, offer_no);
CREATE INDEX offers_by_lender ON offers (lender_no, offer_no);

CREATE TABLE financings (
    financing_no        INTEGER PRIMARY KEY,
    id                  BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- UUIDv7
    offer_no            INTEGER NOT NULL REFERENCES offers (offer_no),
    request_no          INTEGER NOT NULL REFERENCES requests (request_no),
    lender_no           INTEGER NOT NULL,
    seller_no           INTEGER NOT NULL,    -- who held the claims
    program_no          INTEGER,
    kind                TEXT NOT NULL CHECK (kind = 'sale' OR kind = 'pledge'),
    recourse            INTEGER NOT NULL CHECK (recourse IN (0, 1)),
    currency            TEXT NOT NULL,
    advance_minor       INTEGER NOT NULL,
    interest_minor      INTEGER NOT NULL,
    fee_minor           INTEGER NOT NULL,
    pay_to              TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status = 'instructed' OR status = 'disbursed' OR status = 'cancelled' OR status = 'lapsed'
                            OR status = 'released' OR status = 'repaid' OR status = 'recourse' OR status = 'repurchased'),
    disburse_by         INTEGER NOT NULL,    -- microseconds
    bank_reference      TEXT,                -- of the disbursement
    registration_number TEXT,                -- of the registration at 中登网
    accepted_at         INTEGER NOT NULL,    -- microseconds
    disbursed_at        INTEGER,             -- microseconds
    updated_at          INTEGER NOT NULL,    -- microseconds
    last_seq            INTEGER NOT NULL
) STRICT;
CREATE INDEX financings_by_lender ON financings (lender_no, financing_no);
CREATE INDEX financings_by_seller ON financings (seller_no, financing_no);
CREATE INDEX financings_waiting ON financings (disburse_by) WHERE status = 'instructed';

CREATE TABLE financing_claims (
    financing_no  INTEGER NOT NULL REFERENCES financings (financing_no),
    place         INTEGER NOT NULL,
    claim_no      INTEGER NOT NULL REFERENCES claims (claim_no),
    amount_minor  INTEGER NOT NULL,          -- outstanding when the offer was accepted
    advance_minor INTEGER NOT NULL,          -- this claim's part of the advance
    PRIMARY KEY (financing_no, place)
) STRICT, WITHOUT ROWID;
