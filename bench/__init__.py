"""Measurements: ratios against a peer or a ceiling in the same run. Not part of the tests."""
