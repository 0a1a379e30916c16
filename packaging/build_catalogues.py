"""Compiles the translations (*.po) when the package is built or installed for development."""

import os
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_catalogues(root: Path) -> list[Path]:
    """Compile every ``*.po`` below ``root`` beside itself; returns the files written."""
    written = []
    for source in sorted(root.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as handle:
            catalogue = read_po(handle, locale=source.parts[-3], abort_invalid=True)
        target, unfinished = source.with_suffix(".mo"), source.with_suffix(f".{os.getpid()}.tmp")
        with unfinished.open("wb") as handle:
            write_mo(handle, catalogue)
        unfinished.replace(target)  # at once: a test or a service may be reading it
        written.append(target)
    return written


class CatalogueHook(BuildHookInterface):  # type: ignore[misc]  # hatchling ships no types for it
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compile_catalogues(Path(self.root) / "src/stillpost/locale")
