"""The sections of `benchmarks/quality.py`: a module for each sort of data, and what they share."""
