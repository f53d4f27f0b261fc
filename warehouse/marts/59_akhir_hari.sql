-- The moment at which a day ends in a time zone; a day that is not given never ends. For the macros on two times.
CREATE OR REPLACE MACRO mart.akhir_hari(hari, zona) AS
    coalesce(timezone(coalesce(zona, 'Asia/Jakarta'), CAST(CAST(hari AS DATE) + 1 AS TIMESTAMP)), 'infinity'::TIMESTAMPTZ);

COMMENT ON MACRO mart.akhir_hari IS 'Saat berakhirnya suatu hari menurut zona waktu; tanpa hari: tidak pernah.';
