-- What people decide about whole systems: maintenance windows, proposals for another stage and what they leave.

CREATE TABLE maintenance (
    id        TEXT PRIMARY KEY,
    system    TEXT NOT NULL,
    begins    INTEGER NOT NULL,
    ends      INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    by        TEXT NOT NULL,
    decided   INTEGER NOT NULL,
    past      INTEGER NOT NULL, -- decided afterwards: downtime that counts as maintenance
    closed    INTEGER,
    closed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX maintenance_ends ON maintenance (ends);

CREATE TABLE stage_proposal (
    id        TEXT PRIMARY KEY,
    system    TEXT NOT NULL,
    stage     TEXT NOT NULL,
    decision  TEXT NOT NULL,
    reason    TEXT NOT NULL,
    documents TEXT NOT NULL, -- numbers of documents by their kind, as JSON
    by        TEXT NOT NULL,
    proposed  INTEGER NOT NULL,
    state     TEXT NOT NULL,
    closed    INTEGER,
    closed_by TEXT NOT NULL,
    dossier   BLOB NOT NULL,
    document  BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX stage_proposal_open ON stage_proposal (system) WHERE state = 'open'; -- one at a time
CREATE INDEX stage_proposal_of ON stage_proposal (system, proposed);
