-- Reports that were filed, with the figures as they were; alerts, and where they are sent.

CREATE TABLE report (
    name  text COLLATE "C" PRIMARY KEY,
    first date NOT NULL,
    last  date NOT NULL,
    made  timestamptz NOT NULL,
    by    text NOT NULL,
    facts bytea NOT NULL
);

CREATE TABLE alert (
    number       bigserial PRIMARY KEY,
    id           text COLLATE "C" NOT NULL UNIQUE,
    cause        text COLLATE "C" NOT NULL,
    kind         text NOT NULL,
    severity     integer NOT NULL,
    vi           text NOT NULL,
    en           text NOT NULL,
    raised       timestamptz NOT NULL,
    cleared      timestamptz,
    acknowledged timestamptz,
    by           text NOT NULL,
    note         text NOT NULL
);
CREATE UNIQUE INDEX alert_standing ON alert (cause) WHERE cleared IS NULL; -- one cause, one alert
CREATE INDEX alert_cleared ON alert (cleared) WHERE cleared IS NOT NULL;

CREATE TABLE alert_route (
    id      text COLLATE "C" PRIMARY KEY,
    kind    text NOT NULL,
    target  text NOT NULL,
    secrets bytea NOT NULL,
    least   integer NOT NULL,
    since   timestamptz NOT NULL,
    by      text NOT NULL
);
