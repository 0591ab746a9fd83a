-- What people decide about whole systems: maintenance windows, proposals for another stage and what they leave.

CREATE TABLE maintenance (
    id        text COLLATE "C" PRIMARY KEY,
    system    text COLLATE "C" NOT NULL,
    begins    timestamptz NOT NULL,
    ends      timestamptz NOT NULL,
    reason    text NOT NULL,
    by        text NOT NULL,
    decided   timestamptz NOT NULL,
    past      boolean NOT NULL, -- decided afterwards: downtime that counts as maintenance
    closed    timestamptz,
    closed_by text NOT NULL
);
CREATE INDEX maintenance_ends ON maintenance (ends);

CREATE TABLE stage_proposal (
    id        text COLLATE "C" PRIMARY KEY,
    system    text COLLATE "C" NOT NULL,
    stage     text NOT NULL,
    decision  text NOT NULL,
    reason    text NOT NULL,
    documents text NOT NULL, -- numbers of documents by their kind, as JSON
    by        text NOT NULL,
    proposed  timestamptz NOT NULL,
    state     text NOT NULL,
    closed    timestamptz,
    closed_by text NOT NULL,
    dossier   bytea NOT NULL,
    document  bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE UNIQUE INDEX stage_proposal_open ON stage_proposal (system) WHERE state = 'open'; -- one at a time
CREATE INDEX stage_proposal_of ON stage_proposal (system, proposed);
