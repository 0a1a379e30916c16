"""The SMTP door: first mails come in here. What is no proof is refused in the dialogue, never by a mail of ours."""
