"""The bundled sample case, and scans of random voxels whose id says what a faulty worker does with them."""

from __future__ import annotations

from functools import cache

from raddiag_engine.cases import Case
from raddiag_engine.reading import read_case
from raddiag_resources import path_of
from tests.engine.diagnosis.tiny_model import scan


@cache
def sample_case() -> Case:
    """The bundled case: a knee in two scans."""
    return read_case([path_of("sample_case")], guarded=False)


def case_of(*names: str) -> Case:
    """A case of one image for each name."""
    return Case(tuple(scan(name) for name in names))
