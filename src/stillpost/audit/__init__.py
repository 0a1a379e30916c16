"""What a stranger can make a helpdesk send: pure reasoning over a desk's settings, the same for every product.

``desk`` says what a helpdesk is to the audit, ``exposure`` who can be mailed and which of a stranger's words travel,
``witness`` shows the request and the mail, ``fix`` the smallest change that stops it, ``rules`` and ``report`` tell it.
"""
