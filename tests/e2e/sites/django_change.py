"""Set fields of a django-helpdesk's rows; ``[[model, id, field, value], …]`` on standard input. Runs in its environment."""

import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "django_settings"

import django  # the settings come first

django.setup()

from django.apps import apps  # noqa: E402  # after the set-up

for model, ident, field, value in json.load(sys.stdin):
    rows = apps.get_model("helpdesk", model).objects.all()
    if ident == "new":
        rows.create(**{field: value})
    else:
        rows.filter(pk=ident).update(**{field: value})
