"""A Django project around RapidSMS; it runs in RapidSMS's environment, not in ours."""
