"""The smallest Django project in which django-helpdesk runs; runs in its own environment, not in ours."""

import json
import os
from pathlib import Path

SITE = Path(os.environ["E2E_SITE"])

SECRET_KEY = "only-for-tests-on-loopback"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.admin",
    "rest_framework",
    "helpdesk",
]
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": SITE / "db.sqlite3", "OPTIONS": {"timeout": 20}}
}
# The test password hasher would be quicker still, but this is what an operator has.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
ROOT_URLCONF = "django_urls"
STATIC_URL = "/static/"
MEDIA_ROOT = SITE / "media"
MEDIA_URL = "/media/"
LOGIN_URL = "/helpdesk/login/"
USE_TZ = True
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("E2E_SINK_PORT", "25"))
DEFAULT_FROM_EMAIL = "support@helpdesk.example.org"
HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_ENABLE_ATTACHMENTS = True

# What a test says otherwise; a running server reads it at its next start, a command at once.
if (SITE / "settings.json").is_file():
    globals().update(json.loads((SITE / "settings.json").read_text()))
