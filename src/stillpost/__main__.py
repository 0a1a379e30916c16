"""``python -m stillpost``."""

from stillpost.cli.main import main

main()
