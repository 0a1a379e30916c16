"""Stillpost: quiet mail for support portals and for the people they reach."""

__version__ = "0.1.0"
