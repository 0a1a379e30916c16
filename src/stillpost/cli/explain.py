"""``stillpost explain ID``."""

import json
from pathlib import Path
from typing import Any

import click

from stillpost.cli.asking import ask, config_option, format_option, show
from stillpost.cli.main import say
from stillpost.language import N_


@click.command("explain", help=say(N_("Say why a request was answered as it was.")))
@click.argument("event_id", metavar="ID")
@config_option
@format_option
def command(event_id: str, config_file: Path | None, form: str) -> None:
    """Print the ledger's entry of a request."""
    show(ask(config_file, "explain", event_id=event_id), form, lines)


def lines(entry: dict[str, Any]) -> list[str]:
    """The entry for people: what was said first, then why, then what it rests on."""
    verdict = entry["verdict"]
    told = [
        say(N_("{id} at {portal}, {at}"), id=entry["id"], portal=entry["portal"], at=entry["at"]),
        say(N_("state     {state}"), state=entry["state"]),
        say(N_("verdict   {action} (advised {advised}), score {score}"), **verdict),
        say(N_("policy    {policy}"), policy=verdict["policy"]),
    ]
    for symbol in verdict["symbols"]:
        reason = say(symbol["reason"], **symbol["evidence"])
        told.append(f"  {symbol['score']:+g}  {symbol['name']}  {reason}")
    if not verdict["symbols"]:
        told.append(say(N_("  no detector saw anything")))
    if entry["refused"]:
        told.append(say(N_("refused   {claims} (a limit was reached)"), claims=", ".join(entry["refused"])))
    told.append(say(N_("event     {event}"), event=json.dumps(entry["event"])))
    for meter, reading in zip(entry["meters"], entry["readings"], strict=True):
        told.append(say(N_("reading   {meter} = {reading}"), meter=json.dumps(meter), reading=json.dumps(reading)))
    return told
