"""Helpdesk products, one folder each: how a product takes a ticket, what its quirks are, how its settings read."""
