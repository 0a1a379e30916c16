"""The pages made from the code are up to date, and everything is documented where people look for it."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def generated() -> list[tuple[Path, str]]:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return list(module.pages())


@pytest.mark.parametrize(("path", "text"), generated(), ids=lambda value: value.name if isinstance(value, Path) else "")
def test_generated_page_is_up_to_date(path: Path, text: str) -> None:
    assert path.exists(), "run make docs"
    assert path.read_text(encoding="utf-8") == text, "run make docs"
