"""Benchmarks: each prints ratios taken in one run on one machine; absolute figures say little elsewhere."""
