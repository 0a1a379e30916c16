"""Any helpdesk that takes mail: the ticket goes to its own address, marked so that it does not answer."""
