"""How each product's settings are got for an audit, with which least privilege, and what cannot be known from them.

``docs/audit/`` is generated from these, from the questions of ``--attest`` and from the rules' own pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Manual:
    """One product: its name for people, how to get the settings, what is read of them, what stays unknown."""

    title: str
    get: str
    reads: tuple[str, ...]
    unknown: tuple[str, ...]
    proof: str


ZENDESK = Manual(
    title="Zendesk",
    get="""Over the API, with an OAuth access token of the scope `read` in a file (or an OAuth client that fetches its own):

```console
$ stillpost audit zendesk --subdomain acme --token-file /etc/stillpost/zendesk-token
```

Every call reads; eleven calls show an account with at most a hundred of each thing, and one more is made for every
further hundred. A custom role needs to see triggers, automations, dynamic content, fields, webhooks and targets. Without
API rights, save the answers with a browser ([zendesk-export.md](../zendesk-export.md)):

```console
$ stillpost audit zendesk --from FOLDER
```""",
    reads=(
        "triggers and automations: conditions, notices, effects, positions, usage counts where the plan has them",
        "dynamic content, every variant, as deep as it refers to itself",
        "targets, webhooks, brands, ticket fields and forms, support addresses, account settings",
        "suspended tickets and ticket audits, where they were exported (they are never fetched)",
    ),
    unknown=(
        "what only Admin Center shows (the questions below): Zendesk's default is assumed until somebody attests",
        "whether `current_user` on creation mails the requester: inferred, so the confidence is medium",
        "what suppression does to the members of a loop: inferred as well",
        "fields, operators and actions nobody taught the audit: perhaps, never no",
        "what a webhook's receiver does",
    ),
    proof="""A second, brute-force interpreter of Zendesk's triggers, written from the articles and without the audit's code,
plays every request that could matter to randomly made settings; the audit never says no where a request exists and
never yes where none does. That is agreement with our reading of the articles, not with Zendesk.""",
)

DJANGO_HELPDESK = Manual(
    title="django-helpdesk",
    get="""In a folder, the database `db.sqlite3` or a dump, and the settings:

```console
$ python manage.py dumpdata helpdesk.queue helpdesk.emailtemplate helpdesk.ignoreemail > helpdesk.json
$ python manage.py diffsettings > settings.txt
$ stillpost audit django-helpdesk --from FOLDER
```

`settings.py` does as well, but is code: its plain assignments are read and nothing in it is run, so what it computes is
unknown. Copy `templates/helpdesk/*/email_text_footer.txt` beside it for mails that are exact to the last line. The user who
dumps needs to read these three tables; passwords of mailboxes are not read.""",
    reads=(
        "`helpdesk_queue`, `helpdesk_emailtemplate`, `helpdesk_ignoreemail`: only the columns that are judged",
        "the settings `HELPDESK_*` and `QUEUE_EMAIL_BOX_*`",
    ),
    unknown=(
        "what a form class or a view protector of your own does",
        "settings that are computed, imported or set under a condition in `settings.py`",
    ),
    proof="""The end-to-end tests run django-helpdesk 2.6.1 in eleven configurations, leaking and safe, send what a stranger can
send, and compare every mail with the witness, text by text.""",
)

ROUNDUP = Manual(
    title="Roundup",
    get="""The tracker home, or a copy of its `config.ini`, `schema.py` and `detectors/`:

```console
$ stillpost audit roundup --from /srv/roundup/tracker
```

Nothing in it is run. A user who may read these files is enough; passwords and keys in `config.ini` are not kept.""",
    reads=(
        "`config.ini`: the sections main, tracker, web, mail, mailgw, nosy, pgp, and only the keys that are judged",
        "`schema.py`: what the roles are granted, and the properties of issues",
        "`detectors/`: which are Roundup's own and unchanged (it writes a digest below them)",
    ),
    unknown=(
        "grants under a condition or in a function of `schema.py`",
        "what detectors of your own do: each is named",
        "whether the mail server hands mail to `roundup-mailgw` (attest it)",
        "who is on the lists of issues that are there: participants are not judged",
    ),
    proof="""The end-to-end tests run Roundup 2.6.0 in eighteen configurations, leaking and safe, send what a stranger can send
by mail and by web, and compare every mail with the witness, text by text.""",
)

REQUEST_TRACKER = Manual(
    title="Request Tracker",
    get="""In a folder, the SQLite file or a dump of these tables, and the settings:

```console
$ mysqldump rt5 Queues Scrips ScripConditions ScripActions ObjectScrips Templates ACL Groups > rt.sql    # or: pg_dump --inserts
$ cp -r /etc/request-tracker5/RT_SiteConfig.pm /etc/request-tracker5/RT_SiteConfig.d .
$ stillpost audit request-tracker --from FOLDER
```

A database user who may read these tables is enough; `Users` is not needed. The settings are Perl: plain
`Set($Name, 'value');` lines are read, nothing is run, and passwords are not kept.""",
    reads=(
        "queues, scrips (global and applied to queues), their conditions and actions, templates",
        "what Everyone and Unprivileged may do",
        "`rtname`, `CorrespondAddress`, `ParseNewMessageForTicketCcs`, `NotifyActor`, `RedistributeAutoGeneratedMessages`",
    ),
    unknown=(
        "conditions, actions and templates that are code of your own: perhaps, or named as unknown",
        "`MailPlugins`, which decide who gets in",
        "whether the mail gateway's address can be reached from outside (attest it): RT itself does not restrict it",
        "rights of single users and of groups of your own; attached files",
    ),
    proof="""The end-to-end tests run RT 5.0.3 (Debian) in thirteen configurations, leaking and safe, hand mail to its gateway code,
resolve what was made, and compare every mail with the witness, word by word (RT makes the text of HTML templates itself).""",
)

ZAMMAD = Manual(
    title="Zammad",
    get="""Two API answers in a folder, read with a token that has the permissions `admin.trigger` and `admin.setting` (revoke it
afterwards):

```console
$ curl -H "Authorization: Token token=$TOKEN" https://desk.example/api/v1/triggers > triggers.json
$ curl -H "Authorization: Token token=$TOKEN" https://desk.example/api/v1/settings > settings.json
$ stillpost audit zammad --from FOLDER
```

Or `zammad.sql`, a `pg_dump --inserts` of the tables `triggers` and `settings`. Only the settings that are judged are kept.""",
    reads=(
        "triggers: condition (simple, and one level of the expert mode), actions, whether active",
        "settings of the embeddable form, the caps on triggers, `postmaster_sender_based_on_reply_to`",
    ),
    unknown=(
        "mail channels, groups and what other objects hold: conditions on them are perhaps",
        "conditions within conditions, comparisons with times and with what was before: perhaps",
        "ids of states, article types and senders are taken to be those of Zammad's seeds",
        "fields of your own in a template: perhaps, since a form may set them",
    ),
    proof="""Golden cases, and Zammad's seeded trigger. No running Zammad was compared: every mail says `exact: false`.""",
)

OSTICKET = Manual(
    title="osTicket",
    get="""A dump of these tables, by a database user who may read them (`SELECT` is enough):

```console
$ mysqldump osticket ost_config ost_department ost_help_topic ost_email ost_email_template ost_filter ost_filter_action > dump.sql
$ stillpost audit osticket --from dump.sql
```

Another prefix than `ost_` does as well. Passwords of mailboxes stand in `ost_email` and `ost_config`: they are not kept; delete the dump
afterwards.""",
    reads=(
        "the core settings that switch automatic mail, limits, captcha and registration",
        "departments, help topics and addresses, with their own switches",
        "the templates of the automatic mails, and whether a filter answers with a canned response",
    ),
    unknown=(
        "whether mail comes in at all, and whether a site opens tickets by the API (attest both)",
        "fields of your own forms in a template: perhaps",
        "the text of the registration mail, which is kept among the pages",
        "what a filter decides: an active one that answers is taken to match",
    ),
    proof="""Golden cases, by what was measured on osTicket 1.18 once. No running osTicket is compared in the tests: every mail says
`exact: false`.""",
)

MANUALS: Final[Mapping[str, Manual]] = {
    "zendesk": ZENDESK,
    "django-helpdesk": DJANGO_HELPDESK,
    "roundup": ROUNDUP,
    "request-tracker": REQUEST_TRACKER,
    "osticket": OSTICKET,
    "zammad": ZAMMAD,
}
