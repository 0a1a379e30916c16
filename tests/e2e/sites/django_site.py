"""Seed or serve a django-helpdesk in the folder E2E_SITE; prints the port once it listens."""

import os
import sys
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "django_settings"

import django  # the settings come first

django.setup()


def seed() -> None:
    from django.contrib.auth.models import User
    from django.contrib.sites.models import Site
    from django.core.management import call_command
    from helpdesk.models import Queue

    site = Path(os.environ["E2E_SITE"])
    (site / "inbox").mkdir(parents=True)
    call_command("migrate", verbosity=0)
    call_command("loaddata", "emailtemplate.json", verbosity=0)
    Site.objects.update_or_create(id=1, defaults={"domain": "127.0.0.1", "name": "loopback"})
    Queue.objects.create(
        title="Support",
        slug="support",
        allow_public_submission=True,
        allow_email_submission=True,
        email_address="support@helpdesk.example.org",
        email_box_type="local",
        email_box_local_dir="inbox/",
        email_box_interval=0,  # else a second get_email within five minutes does nothing
    )
    # What an operator is told to make: staff, no superuser, no address of its own.
    User.objects.create_user("stillpost", password="stillpost-password", is_staff=True)


def serve() -> None:
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    from django.core.wsgi import get_wsgi_application

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: object) -> None:
            del args

    with make_server("127.0.0.1", 0, get_wsgi_application(), server_class=Server, handler_class=Quiet) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


def fetch() -> None:
    from django.core.management import call_command

    call_command("get_email")


def close() -> None:
    from helpdesk.models import Queue

    Queue.objects.update(allow_public_submission=False)


def hush() -> None:
    """Take away the text of the confirmation."""
    from helpdesk.models import EmailTemplate

    EmailTemplate.objects.filter(template_name="newticket_submitter").delete()


def grow() -> None:
    """Old tickets, as many as the next word says."""
    from datetime import timedelta

    from django.utils import timezone
    from helpdesk.models import FollowUp, Queue, Ticket

    queue, old = Queue.objects.get(), timezone.now() - timedelta(days=2)
    words = "y" * 500
    tickets = Ticket.objects.bulk_create(
        Ticket(title="old", queue=queue, description=words, submitter_email="old@example.com")
        for _ in range(int(sys.argv[2]))
    )
    FollowUp.objects.bulk_create(FollowUp(ticket=one, date=old, comment=words, public=True) for one in tickets)


def reply() -> None:
    """An agent answers a ticket, publicly: its number and the words come next."""
    from django.contrib.auth.models import User
    from helpdesk.models import Ticket
    from helpdesk.update_ticket import update_ticket

    agent, _ = User.objects.get_or_create(username="agent", defaults={"is_staff": True})
    update_ticket(agent, Ticket.objects.get(id=int(sys.argv[2])), comment=sys.argv[3], public=True)


ACTIONS = (seed, hush, grow, close, serve, fetch, reply)
{action.__name__: action for action in ACTIONS}[sys.argv[1]]()
