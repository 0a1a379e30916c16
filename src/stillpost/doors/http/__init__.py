"""The form, the API, the confirm page, the status page."""
