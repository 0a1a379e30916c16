"""Proof before the first mail: tokens, the three ways, the life of a request as a table. Pure."""
