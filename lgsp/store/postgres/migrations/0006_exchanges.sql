-- The index of exchanges: what the evidence tells, ready to be searched. All of it can be made again from the chains.

CREATE TABLE exchange_reader (
    writer integer PRIMARY KEY REFERENCES writer (number),
    next   bigint NOT NULL
);

CREATE TABLE exchange_series (
    number    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    face      text COLLATE "C" NOT NULL,
    consumer  text COLLATE "C" NOT NULL,
    system    text COLLATE "C" NOT NULL,
    operation text COLLATE "C" NOT NULL,
    outcome   text COLLATE "C" NOT NULL,
    domain    text COLLATE "C" NOT NULL,
    last      bigint NOT NULL,
    UNIQUE (face, consumer, system, operation, outcome, domain)
);

-- A place is the moment, so rows and each series' part of its index grow at their ends only.
CREATE TABLE exchange (
    place       bigint PRIMARY KEY,
    series      integer NOT NULL,
    exchange    text COLLATE "C" NOT NULL,
    correlation text COLLATE "C", -- NULL: its own id
    writer      integer NOT NULL,
    asked       bigint,
    answered    bigint,
    micros      bigint,
    attempts    integer NOT NULL
);
CREATE INDEX exchange_of_series ON exchange (series, place);

-- Keyed digests have no order; by the day, only today's part is written.
CREATE TABLE exchange_mark (
    day   integer NOT NULL,
    key   bytea NOT NULL,
    place bigint NOT NULL,
    PRIMARY KEY (day, key, place)
);
