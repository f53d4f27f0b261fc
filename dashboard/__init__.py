"""The page: one HTML file per institution, drawn from plain values. Knows neither warehouse nor network."""
