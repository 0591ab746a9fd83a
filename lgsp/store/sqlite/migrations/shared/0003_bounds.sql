-- Growth has a bound. What pruning looks for: what has ended, by when it ended.

CREATE INDEX submission_ended ON submission (changed) WHERE state IN ('delivered', 'failed', 'expired', 'cancelled');
CREATE INDEX submission_bodies ON submission (changed)
    WHERE state IN ('delivered', 'failed', 'expired', 'cancelled') AND sealed <> x'';
CREATE INDEX inbox_done ON inbox (acknowledged) WHERE acknowledged IS NOT NULL;

-- A queued row with an earlier queued one of its key is behind it and not looked at: of a hundred thousand updates of one
-- dossier that wait, one is due. The first queued row of a key is never behind.
ALTER TABLE submission ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
DROP INDEX submission_due;
CREATE INDEX submission_due ON submission (system, next_at, number) WHERE state = 'queued' AND behind = 0;
CREATE INDEX submission_delivering ON submission (system, order_key) WHERE state = 'delivering';
