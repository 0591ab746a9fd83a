-- The operators' desk: why a submission stands where it stands, what follows which, how it came there; and call-backs.

ALTER TABLE submission ADD COLUMN cause TEXT NOT NULL DEFAULT ''; -- code of the last error, never its words
ALTER TABLE submission ADD COLUMN follows TEXT; -- the one that was sent again by this one
CREATE INDEX submission_follows ON submission (follows) WHERE follows IS NOT NULL;
CREATE INDEX submission_of ON submission (consumer, number);

CREATE TABLE submission_history (
    submission TEXT NOT NULL,
    at         INTEGER NOT NULL,
    state      TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    cause      TEXT NOT NULL
) STRICT;
CREATE INDEX submission_history_of ON submission_history (submission);
-- A call that was answered at once has no history; its record says all of it.
CREATE TRIGGER submission_history_new AFTER UPDATE OF state ON submission
WHEN old.state <> new.state AND new.state <> 'delivering'
    AND (new.queued OR new.state = 'indeterminate' OR old.state = 'indeterminate') BEGIN
    INSERT INTO submission_history VALUES (new.id, new.changed, new.state, new.attempts, new.cause);
END;
CREATE TRIGGER submission_history_gone AFTER DELETE ON submission BEGIN
    DELETE FROM submission_history WHERE submission = old.id;
END;

CREATE TABLE callback (
    consumer  TEXT PRIMARY KEY,
    url       TEXT NOT NULL,
    secrets   BLOB NOT NULL,
    with_data INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    off       INTEGER,
    why       TEXT NOT NULL
) STRICT;

-- What a receiver is to be told: written by the very transaction that made it so. An id names the fact, so the same fact
-- is told once.
CREATE TABLE callback_work (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    consumer TEXT NOT NULL,
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    created  INTEGER NOT NULL,
    next_at  INTEGER NOT NULL,
    expires  INTEGER,
    attempts INTEGER NOT NULL,
    ended    INTEGER,
    outcome  TEXT NOT NULL,
    last     TEXT NOT NULL
) STRICT;
CREATE INDEX callback_due ON callback_work (consumer, next_at, number) WHERE ended IS NULL;
CREATE INDEX callback_next ON callback_work (next_at) WHERE ended IS NULL;
CREATE INDEX callback_expires ON callback_work (expires) WHERE ended IS NULL;
CREATE INDEX callback_ended ON callback_work (ended) WHERE ended IS NOT NULL;
CREATE INDEX callback_outcome ON callback_work (outcome, consumer, number);

CREATE TRIGGER callback_of_submission AFTER UPDATE OF state ON submission
WHEN (new.queued OR old.state = 'indeterminate')
    AND (new.state IN ('delivered', 'failed', 'expired', 'cancelled') OR (new.state = 'indeterminate' AND new.next_at IS NULL))
    AND (old.state <> new.state OR old.next_at IS NOT NULL) BEGIN
    INSERT OR IGNORE INTO callback_work (id, consumer, kind, subject, created, next_at, attempts, outcome, last)
        SELECT new.id || '-' || new.state, consumer, 'submission.' || new.state, new.id, new.changed, new.changed, 0, '', ''
        FROM callback WHERE consumer = new.consumer AND off IS NULL;
END;
CREATE TRIGGER callback_of_inbox AFTER INSERT ON inbox BEGIN
    INSERT OR IGNORE INTO callback_work (id, consumer, kind, subject, created, next_at, attempts, outcome, last)
        SELECT new.id || '-arrived', consumer, 'inbox.arrived', new.id, new.received, new.received, 0, '', ''
        FROM callback WHERE consumer = new.consumer AND off IS NULL;
END;
