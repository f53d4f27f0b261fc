"""The warehouse: what was seen and what follows from it, in DuckDB. A pure function of the archive."""
