-- What a participant's daily statement is made from. Both projections, written with the entry and never changed after it: a past
-- day reads the same for ever.
-- seq is an entry's without saying REFERENCES: every row is written with its entry, and the audit makes all of them anew.

-- Which entries a participant was party to when they were made. (parties also has those it came to see later.)
CREATE TABLE party_entries (
    participant_no INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    subject        BLOB CHECK (length(subject) = 16),  -- id of what it is about; NULL where the participant may not read that, or there is none
    PRIMARY KEY (participant_no, seq)
) STRICT, WITHOUT ROWID;

-- How entries moved a participant's positions: for each position, which is an account in one currency, what came or went, and what it
-- was then. The last movement before a moment is the position at that moment.
CREATE TABLE movements (
    participant_no     INTEGER NOT NULL,
    account            INTEGER NOT NULL CHECK (account BETWEEN 0 AND 7),  -- lg_account
    currency           TEXT NOT NULL,
    seq                INTEGER NOT NULL,     -- of the entry
    line               INTEGER NOT NULL,     -- among this entry's movements of this position, from 0
    type               INTEGER NOT NULL CHECK (type > 0),  -- the entry's: lg_event_type, whose numbers stay
    subject_no         INTEGER NOT NULL,     -- the receivable, claim or financing that moved, as the account says
    items              INTEGER NOT NULL CHECK (items BETWEEN -1 AND 1),  -- 1: it came into the account, -1: it left it
    amount_minor       INTEGER NOT NULL,     -- negative: the position became less
    items_after        INTEGER NOT NULL CHECK (items_after >= 0),
    amount_after_minor INTEGER NOT NULL,     -- modulo 2^64, should all that somebody holds ever come to more
    PRIMARY KEY (participant_no, account, currency, seq, line)
) STRICT, WITHOUT ROWID;
