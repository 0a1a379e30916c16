"""The one wiring place: builds everything from a Config, runs it, stops it. The only room with a clock.

``wiring`` builds, ``running`` serves, ``operations`` is what an operator may do, ``control`` lets the command line do it
in the process that owns the store, ``checks`` is what doctor looks at.
"""
