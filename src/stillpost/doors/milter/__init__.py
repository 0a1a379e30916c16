"""The milter door: Postfix and Sendmail ask here about every mail (``codec`` and ``session`` are pure)."""
