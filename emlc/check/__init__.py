"""Checking: verdicts, comparison at points, proofs of rows."""

from emlc.check.compare import check_tree
from emlc.check.lemmas import proved_by_rows
from emlc.check.raised import proved_by_raising
from emlc.check.verdict import Verdict

__all__ = ["Verdict", "check_tree", "proved_by_raising", "proved_by_rows"]
