"""Reading and writing messages: addresses, headers, automatic marks, authentication, the few mails we write. Pure."""
