-- By which program of which warehouse it was counted, as of when, and how many checks that held.
SELECT $program AS program, id AS warehouse, $as_of::TIMESTAMPTZ AS as_of, checks FROM warehouse_now
