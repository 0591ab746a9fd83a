-- Who is signed in to the console, by the digest of the session's token; and wrong guesses, by the digest of who was guessed.

CREATE TABLE console_session (
    token    bytea PRIMARY KEY,
    operator text COLLATE "C" NOT NULL,
    began    timestamptz NOT NULL,
    seen     timestamptz NOT NULL,
    ends     timestamptz NOT NULL
);
CREATE INDEX console_session_of ON console_session (operator);
CREATE INDEX console_session_ends ON console_session (ends);

CREATE TABLE console_guess (
    target   bytea PRIMARY KEY,
    failures integer NOT NULL,
    until    timestamptz NOT NULL
);
CREATE INDEX console_guess_until ON console_guess (until);
