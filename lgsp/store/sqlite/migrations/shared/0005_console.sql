-- Who is signed in to the console, by the digest of the session's token; and wrong guesses, by the digest of who was guessed.

CREATE TABLE console_session (
    token    BLOB PRIMARY KEY,
    operator TEXT NOT NULL,
    began    INTEGER NOT NULL,
    seen     INTEGER NOT NULL,
    ends     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX console_session_of ON console_session (operator);
CREATE INDEX console_session_ends ON console_session (ends);

CREATE TABLE console_guess (
    target   BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX console_guess_until ON console_guess (until);
