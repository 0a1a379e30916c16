"""Collects the texts to translate and brings the catalogues up to date with them (``make words``).

The files carry no dates and no places, so that two people who add texts meet in a merge only where their texts meet.
"""

import re
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).parents[1] / "src/stillpost"
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "N_": None,
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "NN_": (1, 2),
}
_HEADER = """\
# Stillpost in other languages. Written by people; collected by `make words`.
# Text in {braces} and %(names)s stays as it is.
"""


def catalogues() -> list[Path]:
    """Every catalogue there is."""
    return sorted((SOURCE / "locale").glob("*/LC_MESSAGES/stillpost.po"))


def collected() -> Catalog:
    """All marked texts of the code and the templates, without translations."""
    found = Catalog()
    for _, _, text, _, context in extract_from_dir(str(SOURCE), _METHODS, _OPTIONS, _KEYWORDS):
        found.add(text, context=context)
    return found


def read(path: Path) -> Catalog:
    """A catalogue from its file; it names its language by its folder."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def updated(path: Path) -> bytes:
    """The catalogue's file as it should be: every text of the code, translations kept, nothing else."""
    old, new = read(path), Catalog(locale=path.parts[-3])
    for message in sorted(filter(lambda message: message.id, collected()), key=lambda message: str(message.id)):
        known = old.get(message.id, message.context)
        new.add(message.id, known.string if known else "", context=message.context, flags=message.flags)
    out = BytesIO()
    write_po(out, new, width=0, no_location=True, omit_header=True)
    head = (
        f'{_HEADER}msgid ""\nmsgstr ""\n"Language: {new.locale}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n"MIME-Version: 1.0\\n"\n'
        f'"Plural-Forms: {new.plural_forms}\\n"\n'
    )
    return head.encode() + b"\n" + out.getvalue()


def placeholders(text: str) -> list[str]:
    """What is filled in at run time, in alphabetical order: ``{count}``, ``{share:.1%}``, ``%(days)s``."""
    return sorted(re.findall(r"\{[^{}]*\}|%\([a-z_]+\)[a-z]", text))


def main() -> int:
    """Write the catalogues; say what is still to be translated."""
    missing = 0
    for path in catalogues():
        path.write_bytes(updated(path))
        open_ones = [message for message in read(path) if message.id and not message.string]
        missing += len(open_ones)
        for message in open_ones:
            print(f"{path.parts[-3]}: to be translated: {message.id}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
