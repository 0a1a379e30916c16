"""Memory that lasts: meters inform, the ledger binds, holds keep bytes, lists remember.

Two stores serve one contract (``protocol``): ``memory`` for tests and the lab, ``sqlite`` for one machine.
"""
