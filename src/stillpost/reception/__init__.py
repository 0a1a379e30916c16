"""Request to ticket: alone challenges, holds and releases, for the form, the API and mail.

``submit`` takes a request in, ``planning`` says what its commit writes, ``proving`` hears proofs and refusals,
``agent`` lets an agent release or drop; ``outbox`` mails challenges (``challenging``) and hands tickets over
(``delivering``).
"""
