"""The operator's own program: the ticket as signed JSON."""
