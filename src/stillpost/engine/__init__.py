"""Verdicts: which meters an event needs, what detectors see in the readings, what policy makes of it. Pure."""
