"""django-helpdesk, through its REST API."""
