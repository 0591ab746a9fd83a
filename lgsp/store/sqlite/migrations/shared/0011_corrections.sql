-- What one person proposes about a submission, and a second one decides. The message goes when it is decided, or when the
-- submission's own goes.

CREATE TABLE correction (
    id         TEXT PRIMARY KEY,
    submission TEXT NOT NULL,
    kind       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    paths      TEXT NOT NULL, -- JSON Pointers of the fields that change
    by         TEXT NOT NULL,
    proposed   INTEGER NOT NULL,
    sealed     BLOB NOT NULL,
    state      TEXT NOT NULL,
    closed     INTEGER,
    closed_by  TEXT NOT NULL,
    became     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX correction_open ON correction (submission) WHERE state = 'open'; -- one at a time
CREATE INDEX correction_of ON correction (submission, proposed);
CREATE TRIGGER correction_gone AFTER DELETE ON submission BEGIN
    DELETE FROM correction WHERE submission = old.id;
END;
CREATE TRIGGER correction_bare AFTER UPDATE OF sealed ON submission WHEN new.sealed = x'' BEGIN
    UPDATE correction SET sealed = x'' WHERE submission = new.id;
END;
