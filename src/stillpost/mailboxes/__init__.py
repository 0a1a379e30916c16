"""Mailboxes as people keep them: mbox, Maildir, folders and archives of .eml, IMAP. Every byte of them is a stranger's."""
