"""From files to cases: one reader a format, checked geometry, typed warnings. Free of torch.

`read_case` parses in a guarded child process and is for files from anywhere; `read_file` parses in this process and is
for files that are trusted, such as a trainer's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_engine.reading.case import read_case
    from raddiag_engine.reading.nifti_export import write_nifti
    from raddiag_engine.reading.patients import one_patient
    from raddiag_engine.reading.reader import read_file

__all__ = ["one_patient", "read_case", "read_file", "write_nifti"]

_HOMES = {"one_patient": "patients", "read_case": "case", "read_file": "reader", "write_nifti": "nifti_export"}


def __getattr__(name: str) -> Any:
    # The parsers are imported on first use: the command line must start at once, and the guarded child imports its own.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
