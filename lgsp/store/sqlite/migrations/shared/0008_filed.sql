-- Reports that were filed, with the figures as they were; alerts, and where they are sent.

CREATE TABLE report (
    name  TEXT PRIMARY KEY,
    first TEXT NOT NULL,
    last  TEXT NOT NULL,
    made  INTEGER NOT NULL,
    by    TEXT NOT NULL,
    facts BLOB NOT NULL
) STRICT;

CREATE TABLE alert (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    cause        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    severity     INTEGER NOT NULL,
    vi           TEXT NOT NULL,
    en           TEXT NOT NULL,
    raised       INTEGER NOT NULL,
    cleared      INTEGER,
    acknowledged INTEGER,
    by           TEXT NOT NULL,
    note         TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX alert_standing ON alert (cause) WHERE cleared IS NULL; -- one cause, one alert
CREATE INDEX alert_cleared ON alert (cleared) WHERE cleared IS NOT NULL;

CREATE TABLE alert_route (
    id      TEXT PRIMARY KEY,
    kind    TEXT NOT NULL,
    target  TEXT NOT NULL,
    secrets BLOB NOT NULL,
    least   INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    by      TEXT NOT NULL
) STRICT;
