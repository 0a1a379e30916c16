"""Worlds built out of the real product, for measuring: loopback and in process only."""
