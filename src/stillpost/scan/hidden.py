"""What lies hidden in a wave: the mails that came while it lasted, looked at one by one."""

from collections.abc import Callable
from typing import Final

from stillpost.scan.detail import Detail
from stillpost.scan.needle import Needle, needle_of
from stillpost.scan.note import Note
from stillpost.scan.relations import Relation
from stillpost.scan.wave import Wave
from stillpost.scan.waves import MARGIN

COPIED_TEXT_SENDERS: Final = 3  # a text of so many newcomers makes a known sender's mail with it a member
HIDDEN_MAX: Final = 500  # of one wave; the highest ranked
SUSPECTS_MAX: Final = 500  # newcomers' mails taken out of one wave, the earliest

Look = Callable[[Note], Detail | None]


def hidden_in(wave: Wave, look: Look) -> list[Needle]:
    """The needles of a wave, best first.

    On the way known senders' mails with the wave's text become members, and newcomers' mails that speak like needles and
    share their text with nobody are members no more.
    """
    needles: list[Needle] = []
    shared = wave.shared_keys(COPIED_TEXT_SENDERS)
    first, last = wave.first - MARGIN, wave.dense_end + MARGIN
    for note, relation in wave.between:
        if not first <= note.at <= last or (detail := look(note)) is None:
            continue
        if relation is Relation.ACCEPTED and detail.by_program and not shared.isdisjoint(detail.keys):
            wave.add(note, detail, tail=True)
        elif needle := needle_of(note, detail, relation):
            needles.append(needle)
    for note, detail in wave.by_hand:
        if first <= note.at <= last and (needle := needle_of(note, detail, None, cold=wave.is_cold)):
            needles.append(needle)
    needles += _suspects(wave, look)
    return sorted(needles, key=lambda needle: (-needle.score, needle.note.at))[:HIDDEN_MAX]


def _suspects(wave: Wave, look: Look) -> list[Needle]:
    shared = wave.shared_keys()
    found: list[Needle] = []
    innocent = []
    for member in [each for each in wave.members if each.suspect and shared.isdisjoint(each.keys)]:
        if len(found) >= SUSPECTS_MAX:
            break
        detail = look(member.note)
        if detail is not None and (needle := needle_of(member.note, detail, None, cold=wave.is_cold)):
            found.append(needle)
            innocent.append(member)
    wave.remove(innocent)
    return found
