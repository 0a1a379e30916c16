"""Mailbox to waves: was this mailbox bombed, when, by whom, and what is hidden in it. The same engine as live."""
