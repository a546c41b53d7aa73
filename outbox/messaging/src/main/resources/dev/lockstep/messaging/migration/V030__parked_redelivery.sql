-- By itself, as V015: consumers lock this table and dead_letter in either order.
ALTER TABLE parked_message ADD COLUMN dead_letter uuid;    -- the dead letter that this redelivers, if it is a redelivery
