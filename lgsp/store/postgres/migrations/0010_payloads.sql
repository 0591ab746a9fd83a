-- Payload evidence: messages sealed under the key of their day. The chain holds their digests; here is what may be destroyed.

CREATE TABLE payload_key (
    name      text COLLATE "C" PRIMARY KEY,
    made      timestamptz NOT NULL,
    wrapped   bytea,
    destroyed timestamptz
);

CREATE TABLE payload (
    exchange    text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    at          timestamptz NOT NULL,
    day         date NOT NULL,
    correlation text COLLATE "C" NOT NULL,
    consumer    text COLLATE "C" NOT NULL,
    system      text COLLATE "C" NOT NULL,
    operation   text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL REFERENCES payload_key (name),
    sealed      bytea NOT NULL,
    PRIMARY KEY (exchange, kind)
);
CREATE INDEX payload_of ON payload (correlation, at);
CREATE INDEX payload_by_key ON payload (key, exchange, kind);

CREATE TABLE payload_hold (
    id          text COLLATE "C" PRIMARY KEY,
    correlation text COLLATE "C",
    consumer    text COLLATE "C",
    first_day   date,
    last_day    date,
    by_whom     text NOT NULL,
    reason      text NOT NULL,
    at          timestamptz NOT NULL,
    released    timestamptz
);
