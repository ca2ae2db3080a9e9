-- What an external verifier (such as a tax office's invoice check) is asked about held receivables, and what it
-- answered. A projection. What is pending is the work list of server/verifier/: nothing of it is kept elsewhere.

CREATE TABLE verifications (
    receivable_no INTEGER PRIMARY KEY REFERENCES receivables (receivable_no),
    state         TEXT NOT NULL CHECK (state = 'pending' OR state = 'answered' OR state = 'overtaken'),  -- overtaken: decided or withdrawn before there was an answer
    verify_by     INTEGER NOT NULL,          -- microseconds; then the registry decides without an answer
    answer        TEXT CHECK (answer = 'genuine' OR answer = 'not_genuine' OR answer = 'differs' OR answer = 'unknown' OR answer = 'none'),
    outcome       TEXT CHECK (outcome = 'pass' OR outcome = 'warn' OR outcome = 'hold' OR outcome = 'reject'),  -- what the policy makes of it
    reference     TEXT,                      -- of the verifier
    note          TEXT,                      -- what it said besides, or why there is no answer
    answered_at   INTEGER,                   -- microseconds; as the verifier says
    hindered_by   TEXT,                      -- the check that kept it from being registered all the same
    recorded_at   INTEGER,                   -- microseconds
    CHECK ((state = 'answered') = (answer IS NOT NULL AND outcome IS NOT NULL AND recorded_at IS NOT NULL))
) STRICT;
CREATE INDEX verifications_pending ON verifications (receivable_no) WHERE state = 'pending';
CREATE INDEX verifications_due ON verifications (verify_by, receivable_no) WHERE state = 'pending';

-- 1: it was held, and the verifier's answer registered it (as decision = 'approved' says of a reviewer).
ALTER TABLE receivables ADD COLUMN verified INTEGER NOT NULL DEFAULT 0 CHECK (verified = 0 OR verified = 1);
