"""Phantoms: synthetic cases made by physics-minded code, several scans of one body, with lesion masks."""

from raddiag_train.phantoms.case import PhantomCase, make_case
from raddiag_train.phantoms.writing import write_phantoms

__all__ = ["PhantomCase", "make_case", "write_phantoms"]
