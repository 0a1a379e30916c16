"""The programs of ``packaging/``, which is no package: its name belongs to another one."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType


@cache
def packaging_module(name: str) -> ModuleType:
    """``packaging/NAME.py``, loaded."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / f"packaging/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
