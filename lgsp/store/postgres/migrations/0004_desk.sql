-- The operators' desk: why a submission stands where it stands, what follows which, how it came there; and call-backs.

ALTER TABLE submission ADD COLUMN cause text COLLATE "C" NOT NULL DEFAULT ''; -- code of the last error, never its words
ALTER TABLE submission ADD COLUMN follows text COLLATE "C"; -- the one that was sent again by this one
CREATE INDEX submission_follows ON submission (follows) WHERE follows IS NOT NULL;
CREATE INDEX submission_of ON submission (consumer, number);

CREATE TABLE submission_history (
    submission text COLLATE "C" NOT NULL,
    at         timestamptz NOT NULL,
    state      text NOT NULL,
    attempts   integer NOT NULL,
    cause      text NOT NULL,
    number     bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX submission_history_of ON submission_history (submission, number);
CREATE FUNCTION submission_history_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO submission_history VALUES (NEW.id, NEW.changed, NEW.state, NEW.attempts, NEW.cause);
    RETURN NULL;
END $$;
-- A call that was answered at once has no history; its record says all of it.
CREATE TRIGGER submission_history_new AFTER UPDATE OF state ON submission FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state <> 'delivering'
        AND (NEW.queued OR NEW.state = 'indeterminate' OR OLD.state = 'indeterminate'))
    EXECUTE FUNCTION submission_history_new();
CREATE FUNCTION submission_history_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM submission_history WHERE submission = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER submission_history_gone AFTER DELETE ON submission FOR EACH ROW EXECUTE FUNCTION submission_history_gone();

CREATE TABLE callback (
    consumer  text COLLATE "C" PRIMARY KEY,
    url       text NOT NULL,
    secrets   bytea NOT NULL,
    with_data boolean NOT NULL,
    since     timestamptz NOT NULL,
    off       timestamptz,
    why       text NOT NULL
);

-- What a receiver is to be told: written by the very transaction that made it so. An id names the fact, so the same fact
-- is told once.
CREATE TABLE callback_work (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       text COLLATE "C" NOT NULL UNIQUE,
    consumer text COLLATE "C" NOT NULL,
    kind     text NOT NULL,
    subject  text COLLATE "C" NOT NULL,
    created  timestamptz NOT NULL,
    next_at  timestamptz NOT NULL,
    expires  timestamptz,
    attempts integer NOT NULL,
    ended    timestamptz,
    outcome  text COLLATE "C" NOT NULL,
    last     text NOT NULL
);
CREATE INDEX callback_due ON callback_work (consumer, next_at, number) WHERE ended IS NULL;
CREATE INDEX callback_next ON callback_work (next_at) WHERE ended IS NULL;
CREATE INDEX callback_expires ON callback_work (expires) WHERE ended IS NULL;
CREATE INDEX callback_ended ON callback_work (ended) WHERE ended IS NOT NULL;
CREATE INDEX callback_outcome ON callback_work (outcome, consumer, number);

-- The share lock waits for who is switching the receiver off, so that nothing is left waiting for nobody.
CREATE FUNCTION callback_of_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callback_work (id, consumer, kind, subject, created, next_at, attempts, outcome, last)
        SELECT NEW.id || '-' || NEW.state, consumer, 'submission.' || NEW.state, NEW.id, NEW.changed, NEW.changed, 0, '', ''
        FROM callback WHERE consumer = NEW.consumer AND off IS NULL FOR SHARE
        ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER callback_of_submission AFTER UPDATE OF state ON submission FOR EACH ROW
    WHEN ((NEW.queued OR OLD.state = 'indeterminate')
        AND (NEW.state IN ('delivered', 'failed', 'expired', 'cancelled') OR (NEW.state = 'indeterminate' AND NEW.next_at IS NULL))
        AND (OLD.state <> NEW.state OR OLD.next_at IS NOT NULL))
    EXECUTE FUNCTION callback_of_submission();
CREATE FUNCTION callback_of_inbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO callback_work (id, consumer, kind, subject, created, next_at, attempts, outcome, last)
        SELECT NEW.id || '-arrived', consumer, 'inbox.arrived', NEW.id, NEW.received, NEW.received, 0, '', ''
        FROM callback WHERE consumer = NEW.consumer AND off IS NULL FOR SHARE
        ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER callback_of_inbox AFTER INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION callback_of_inbox();
