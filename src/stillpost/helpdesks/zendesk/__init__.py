"""Zendesk, through its ticketing API, and a small fake of it for tests and demonstrations."""
