-- What one person proposes about a submission, and a second one decides. The message goes when it is decided, or when the
-- submission's own goes.

CREATE TABLE correction (
    id         text COLLATE "C" PRIMARY KEY,
    submission text COLLATE "C" NOT NULL,
    kind       text NOT NULL,
    reason     text NOT NULL,
    paths      text NOT NULL, -- JSON Pointers of the fields that change
    by         text NOT NULL,
    proposed   timestamptz NOT NULL,
    sealed     bytea NOT NULL,
    state      text NOT NULL,
    closed     timestamptz,
    closed_by  text NOT NULL,
    became     text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX correction_open ON correction (submission) WHERE state = 'open'; -- one at a time
CREATE INDEX correction_of ON correction (submission, proposed);
CREATE FUNCTION correction_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM correction WHERE submission = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER correction_gone AFTER DELETE ON submission FOR EACH ROW EXECUTE FUNCTION correction_gone();
CREATE FUNCTION correction_bare() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE correction SET sealed = '' WHERE submission = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER correction_bare AFTER UPDATE OF sealed ON submission FOR EACH ROW WHEN (NEW.sealed = '')
    EXECUTE FUNCTION correction_bare();
