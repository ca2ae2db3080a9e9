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
    PRIMARY KEY (participant_no, seq)
) STRICT, WITHOUT ROWID;
