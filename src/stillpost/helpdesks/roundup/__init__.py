"""Roundup, through its REST API."""
