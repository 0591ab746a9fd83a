-- Signed messages that were admitted, by the digest of their signature, until they would be too old anyway.

CREATE TABLE replay (
    identity BLOB PRIMARY KEY,
    until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replay_until ON replay (until);
