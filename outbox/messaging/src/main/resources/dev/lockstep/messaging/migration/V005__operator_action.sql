-- What people did by hand. A row is written in the transaction of the deed, so there is none without the other.
CREATE TABLE operator_action (
    id      uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    who     text        NOT NULL,
    action  text        NOT NULL,
    target  text        NOT NULL,
    reason  text,
    details jsonb       NOT NULL
);
CREATE INDEX operator_action_who ON operator_action (who, id);
CREATE INDEX operator_action_action ON operator_action (action, id);
CREATE INDEX operator_action_target ON operator_action (target, id);
