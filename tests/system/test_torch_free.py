"""What the viewer imports, and the command line's start, must not load torch."""

from __future__ import annotations

import subprocess
import sys

import pytest


def modules_loaded_by(code: str) -> set[str]:
    """Top-level modules of a fresh interpreter after `code`."""
    program = f"{code}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import napari_raddiag",
        "import raddiag_engine",
        "import raddiag_engine.cases, raddiag_engine.errors, raddiag_engine.configuration",
        "from raddiag_engine.reading import read_case, read_file, write_nifti, one_patient",
        "import raddiag_engine.models.card, raddiag_engine.diagnosis.result, raddiag_engine.saliency.saliency_map",
        "from raddiag_engine.cli import build_parser; build_parser()",
    ],
)
def test_no_torch_is_loaded(code: str) -> None:
    heavy = {"torch", "monai", "captum"}
    assert not heavy & modules_loaded_by(code)


def test_the_check_would_notice() -> None:
    assert "torch" in modules_loaded_by("from raddiag_engine import Engine")


def test_the_engine_never_imports_monai() -> None:
    assert "monai" not in modules_loaded_by("import raddiag_engine.diagnosis.engine, raddiag_engine.saliency.explain")
