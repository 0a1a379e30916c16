"""Feed a target, or each in turn, with mutated bytes: ``python -m tests.fuzz [NAME] [SECONDS]`` (needs atheris)."""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

TARGETS = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if not path.stem.startswith("test_"))
FOUND = Path(".fuzz")  # what made a target fail is written here, and printed as base64


def fuzz(name: str, seconds: str) -> None:
    """Run one target in this process; atheris does not come back."""
    import atheris

    with atheris.instrument_imports(include=["stillpost", "email_validator"]):
        target = importlib.import_module(f"tests.fuzz.{name}")
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.SEEDS):
            (Path(corpus) / str(number)).write_bytes(seed)
        FOUND.mkdir(exist_ok=True)
        options = [f"-max_total_time={seconds}", "-max_len=8192", "-timeout=10", f"-artifact_prefix={FOUND}/"]
        atheris.Setup([name, *options, corpus], target.check)
        atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in TARGETS:
        fuzz(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60")
    else:
        limit = sys.argv[1] if len(sys.argv) > 1 else "60"
        failed = [
            name for name in TARGETS if subprocess.run([sys.executable, "-m", "tests.fuzz", name, limit]).returncode
        ]
        sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
