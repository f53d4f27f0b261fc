"""Who asks, as every request says it."""

USER_AGENT = "Mozilla/5.0 (compatible; PantauSPBE/0.1; pemantauan SPBE)"
