"""Diffusion weighting: from the standard's element, else from those that vendors wrote before there was one."""

from __future__ import annotations

from raddiag_engine.reading.dicom.header import Header
from raddiag_engine.reading.dicom.private import Place, private_number

SIEMENS: Place = (0x0019, "SIEMENS MR HEADER", 0x0C)
PHILIPS: Place = (0x2001, "Philips Imaging DD 001", 0x03)
GE: Place = (0x0043, "GEMS_PARM_01", 0x39)
# Some of GE's software adds 10^9 to mark the number of directions.
GE_MODULUS = 100_000


def b_value_of(header: Header) -> float | None:
    """s/mm², None if the header of this MR image does not say."""
    given = header.number("DiffusionBValue")
    if given is not None:
        return given
    for place in (SIEMENS, PHILIPS):
        found = private_number(header, place)
        if found is not None:
            return found
    found = private_number(header, GE)
    return None if found is None else found % GE_MODULUS
