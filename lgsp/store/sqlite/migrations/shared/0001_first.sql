-- Shared records of one installation. Moments are microseconds since 1970 UTC, dates ISO text, structured values JSON.

CREATE TABLE consumer (
    id       TEXT PRIMARY KEY,
    record   TEXT NOT NULL
) STRICT;

CREATE TABLE secret (
    kind     TEXT NOT NULL,
    key_id   TEXT NOT NULL,
    consumer TEXT NOT NULL REFERENCES consumer (id),
    hash     BLOB NOT NULL,
    created  INTEGER NOT NULL,
    expires  INTEGER,
    PRIMARY KEY (kind, key_id)
) STRICT;
CREATE INDEX secret_of ON secret (consumer);

CREATE TABLE grants (
    consumer  TEXT NOT NULL,
    system    TEXT NOT NULL,
    operation TEXT NOT NULL,
    record    TEXT NOT NULL,
    PRIMARY KEY (consumer, system, operation)
) STRICT;

CREATE TABLE token (
    hash     BLOB PRIMARY KEY,
    consumer TEXT NOT NULL,
    scope    TEXT NOT NULL,
    expires  INTEGER NOT NULL
) STRICT;
CREATE INDEX token_of ON token (consumer);
CREATE INDEX token_expiry ON token (expires);

CREATE TABLE operator (
    name    TEXT PRIMARY KEY,
    role    TEXT NOT NULL,
    hash    BLOB NOT NULL,
    created INTEGER NOT NULL,
    active  INTEGER NOT NULL
) STRICT;

-- Append-only: the triggers make a slip of our own code fail loudly.
CREATE TABLE stage (
    number      INTEGER PRIMARY KEY,
    system      TEXT NOT NULL,
    stage       TEXT NOT NULL,
    since       TEXT NOT NULL,
    decision    TEXT NOT NULL,
    by_whom     TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    evidence    TEXT NOT NULL,
    recorded    INTEGER NOT NULL
) STRICT;
CREATE INDEX stage_of ON stage (system, number);
CREATE TRIGGER stage_no_update BEFORE UPDATE ON stage BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER stage_no_delete BEFORE DELETE ON stage BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE health (
    number   INTEGER PRIMARY KEY,
    system   TEXT NOT NULL,
    was      TEXT NOT NULL,
    now      TEXT NOT NULL,
    cause    TEXT,
    evidence TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX health_at ON health (at);

CREATE TABLE calls (
    hour      INTEGER NOT NULL,
    system    TEXT NOT NULL,
    operation TEXT NOT NULL,
    consumer  TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    calls     INTEGER NOT NULL,
    seconds   REAL NOT NULL,
    buckets   TEXT NOT NULL,
    PRIMARY KEY (hour, system, operation, consumer, outcome)
) STRICT;

CREATE TABLE submission (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    consumer    TEXT NOT NULL,
    system      TEXT NOT NULL,
    operation   TEXT NOT NULL,
    version     TEXT NOT NULL,
    queued      INTEGER NOT NULL,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    accepted    INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    next_at     INTEGER,
    expires     INTEGER NOT NULL,
    order_key   BLOB,
    natural_key BLOB,
    digest      BLOB NOT NULL,
    correlation TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    outcome     BLOB
) STRICT;
CREATE INDEX submission_due ON submission (system, next_at, number) WHERE state = 'queued';
CREATE INDEX submission_queued ON submission (next_at) WHERE state = 'queued';
CREATE INDEX submission_open ON submission (order_key, system, number)
    WHERE order_key IS NOT NULL AND state IN ('queued', 'delivering', 'indeterminate');
CREATE INDEX submission_under_way ON submission (changed) WHERE state = 'delivering';
CREATE INDEX submission_unsettled ON submission (next_at) WHERE state = 'indeterminate';
CREATE INDEX submission_natural ON submission (natural_key, number) WHERE natural_key IS NOT NULL;
CREATE INDEX submission_found ON submission (state, system, number);

-- How many stand in each state, kept by the database itself: the board must not count 100,000 rows.
CREATE TABLE submission_count (
    system TEXT NOT NULL,
    state  TEXT NOT NULL,
    rows   INTEGER NOT NULL,
    PRIMARY KEY (system, state)
) STRICT;
CREATE TRIGGER submission_counted_new AFTER INSERT ON submission BEGIN
    INSERT INTO submission_count VALUES (new.system, new.state, 1)
        ON CONFLICT (system, state) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER submission_counted_move AFTER UPDATE OF state ON submission WHEN old.state <> new.state BEGIN
    UPDATE submission_count SET rows = rows - 1 WHERE system = old.system AND state = old.state;
    INSERT INTO submission_count VALUES (new.system, new.state, 1)
        ON CONFLICT (system, state) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER submission_counted_gone AFTER DELETE ON submission BEGIN
    UPDATE submission_count SET rows = rows - 1 WHERE system = old.system AND state = old.state;
END;

-- Large bodies of updates left with the bus, encrypted, in the order of their parts.
CREATE TABLE piece (
    submission TEXT NOT NULL,
    body       INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (submission, body, part)
) STRICT;

CREATE TABLE idempotency (
    claim      BLOB PRIMARY KEY,
    submission TEXT NOT NULL,
    until      INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_until ON idempotency (until);
CREATE INDEX idempotency_of ON idempotency (submission);

CREATE TABLE inbox (
    place        INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    consumer     TEXT NOT NULL,
    system       TEXT NOT NULL,
    operation    TEXT NOT NULL,
    item         BLOB NOT NULL,
    received     INTEGER NOT NULL,
    acknowledged INTEGER,
    sealed       BLOB NOT NULL,
    UNIQUE (consumer, system, operation, item)
) STRICT;
CREATE INDEX inbox_open ON inbox (consumer, place) WHERE acknowledged IS NULL;

CREATE TABLE cursor (
    system    TEXT NOT NULL,
    collector TEXT NOT NULL,
    value     TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (system, collector)
) STRICT;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
