-- Payload evidence: messages sealed under the key of their day. The chain holds their digests; here is what may be destroyed.

CREATE TABLE payload_key (
    name      TEXT PRIMARY KEY,
    made      INTEGER NOT NULL,
    wrapped   BLOB,
    destroyed INTEGER
) STRICT;

CREATE TABLE payload (
    exchange    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    day         TEXT NOT NULL,
    correlation TEXT NOT NULL,
    consumer    TEXT NOT NULL,
    system      TEXT NOT NULL,
    operation   TEXT NOT NULL,
    key         TEXT NOT NULL REFERENCES payload_key (name),
    sealed      BLOB NOT NULL,
    PRIMARY KEY (exchange, kind)
) STRICT;
CREATE INDEX payload_of ON payload (correlation, at);
CREATE INDEX payload_by_key ON payload (key, exchange, kind);

CREATE TABLE payload_hold (
    id          TEXT PRIMARY KEY,
    correlation TEXT,
    consumer    TEXT,
    first_day   TEXT,
    last_day    TEXT,
    by_whom     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    released    INTEGER
) STRICT;
