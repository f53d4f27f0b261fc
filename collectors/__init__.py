"""Network and files to captures; captures to records. Knows neither the warehouse nor Prefect."""
