-- One writer's chain. Whatever an entry says stands in `body` only, so that a change anywhere is a change of the chain.

CREATE TABLE entry (
    number INTEGER PRIMARY KEY,
    body   BLOB NOT NULL,
    hash   BLOB NOT NULL
) STRICT;

-- Who-read-what: derived from the bodies, and compared with them by the verifier.
CREATE TABLE subject (
    person BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (person, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
    size      INTEGER PRIMARY KEY,
    root      BLOB NOT NULL,
    head      BLOB NOT NULL,
    at        TEXT NOT NULL,
    signature BLOB NOT NULL,
    frontier  BLOB NOT NULL
) STRICT;
