-- The index of exchanges: what the evidence tells, ready to be searched. All of it can be made again from the chains.

CREATE TABLE reader (
    number INTEGER PRIMARY KEY,
    writer TEXT NOT NULL UNIQUE,
    next   INTEGER NOT NULL
) STRICT;

CREATE TABLE series (
    number    INTEGER PRIMARY KEY,
    face      TEXT NOT NULL,
    consumer  TEXT NOT NULL,
    system    TEXT NOT NULL,
    operation TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    domain    TEXT NOT NULL,
    last      INTEGER NOT NULL,
    UNIQUE (face, consumer, system, operation, outcome, domain)
) STRICT;

-- A place is the moment, so rows and each series' part of its index grow at their ends only.
CREATE TABLE exchange (
    place       INTEGER PRIMARY KEY,
    series      INTEGER NOT NULL,
    exchange    TEXT NOT NULL,
    correlation TEXT, -- NULL: its own id
    reader      INTEGER NOT NULL,
    asked       INTEGER,
    answered    INTEGER,
    micros      INTEGER,
    attempts    INTEGER NOT NULL
) STRICT;
CREATE INDEX exchange_series ON exchange (series, place);

-- Keyed digests have no order; by the day, only today's part is written.
CREATE TABLE mark (
    day   INTEGER NOT NULL,
    key   BLOB NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (day, key, place)
) STRICT, WITHOUT ROWID;
