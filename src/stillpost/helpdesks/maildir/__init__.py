"""The embedded default: a Maildir of tickets, read with any mail program."""
