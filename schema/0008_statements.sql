-- What a participant's daily statement is made from. A projection, written with the entry and never changed after it: a past
-- day reads the same for ever.
-- seq is an entry's without saying REFERENCES: every row is written with its entry, and the audit makes all of them anew.

-- Which entries a participant was party to when they were made (parties also has those it came to see later), what they moved
-- of its positions, and where these stood then. A position is an account in one currency; the last row before a moment tells
-- all of a participant's positions at that moment.
CREATE TABLE party_entries (
    participant_no INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    subject        BLOB CHECK (length(subject) = 16),  -- id of what it is about; NULL where the participant may not read that, or there is none
    positions      BLOB,                               -- packed: ledger/store/positions.h; NULL as long as none has ever moved
    PRIMARY KEY (seq, participant_no)
) STRICT, WITHOUT ROWID;

-- Which entries concern a participant, and as what: of all that is shown by participant. Packed: ledger/store/party_runs.h.
CREATE TABLE party_runs (
    participant_no INTEGER NOT NULL,
    first_seq      INTEGER NOT NULL,                   -- the first entry of the run
    run            BLOB NOT NULL CHECK (length(run) BETWEEN 1 AND 64),
    PRIMARY KEY (participant_no, first_seq)
) STRICT, WITHOUT ROWID;

-- The newest run of each, which is not full.
CREATE TABLE party_tails (
    participant_no INTEGER PRIMARY KEY,
    run            BLOB NOT NULL CHECK (length(run) BETWEEN 1 AND 64)
) STRICT;
