-- Whether somebody may run a statement over the network: one SELECT, as DuckDB itself parses it, that calls no table
-- function but those which only list what the copy holds or make rows, and the macros of schema mart. A macro in the
-- copy, so that every session of the server sees it.
CREATE OR REPLACE MACRO boleh_dibaca(sesi, kueri) AS (
    trim(upper(kueri), ' ;') IN ('BEGIN', 'BEGIN TRANSACTION', 'COMMIT', 'ROLLBACK')
    OR (
        json_serialize_sql(CAST(kueri AS VARCHAR)) ->> '$.error' = 'false'
        AND len(json_serialize_sql(CAST(kueri AS VARCHAR)) -> '$.statements[*]') = 1
        AND list_has_all(
            [
                'range', 'generate_series', 'unnest', 'json_each', 'json_tree', 'duckdb_columns', 'duckdb_constraints',
                'duckdb_databases', 'duckdb_functions', 'duckdb_indexes', 'duckdb_schemas', 'duckdb_sequences',
                'duckdb_tables', 'duckdb_types', 'duckdb_views', 'pragma_table_info',
                'skor_pada', 'indeks_pada', 'indikator_pada', 'bukti_pada', 'regulasi_pada', 'aplikasi_pada'
            ],
            list_transform(
                regexp_extract_all(
                    CAST(json_serialize_sql(CAST(kueri AS VARCHAR)) AS VARCHAR),
                    '"type":"TABLE_FUNCTION".*?"function_name":"([^"]*)"', 1
                ),
                lambda nama: lower(nama)
            )
        )
    )
)
