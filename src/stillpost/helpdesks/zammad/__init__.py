"""Zammad."""
