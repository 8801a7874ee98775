"""The viewer may look codes up and search: neither loads torch, and looking up needs no numpy."""

from __future__ import annotations

import subprocess
import sys


def modules_after(code: str) -> set[str]:
    program = f"{code}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_looking_up_needs_the_standard_library_alone() -> None:
    loaded = modules_after("from raddiag_engine.icd10cm import icd10cm; icd10cm().ancestors('J93.0')")
    assert not {"torch", "numpy", "scipy"} & loaded


def test_searching_needs_numpy_alone() -> None:
    loaded = modules_after("from raddiag_engine.icd10cm.search import icd10cm_search; icd10cm_search().search('rib')")
    assert "numpy" in loaded
    assert not {"torch", "scipy", "safetensors"} & loaded
