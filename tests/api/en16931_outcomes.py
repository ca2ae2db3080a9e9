"""What becomes of each of the 34 files: (outcome, codes of the checks or faults that were not passed, in order)."""

EXPECTED = {}
