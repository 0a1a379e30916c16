"""Run every measurement: ``make bench``."""

import importlib

MODULES = ("mail_room", "ticket_search", "milter_codec", "store", "engine", "start", "audit", "intake", "scan")

if __name__ == "__main__":
    for name in MODULES:
        print(f"\n== {name}")
        importlib.import_module(f"bench.{name}").main()
