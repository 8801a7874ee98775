"""environment.json of a run folder: with what, on what and from which data each part of a run was computed."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from raddiag_engine.atomic import write_text
from raddiag_engine.diagnosis.device import place
from raddiag_engine.errors import ConfigError

if TYPE_CHECKING:
    from raddiag_train.training.training_run import TrainingRun

ENVIRONMENT = "environment.json"
PACKAGES = (
    "napari-raddiag",
    "torch",
    "numpy",
    "monai",
    "scipy",
    "scikit-learn",
    "safetensors",
    "nibabel",
    "pydicom",
    "transformers",
)


def write_environment(folder: Path, run: TrainingRun) -> None:
    """Add this part of the run to the list; each resumption is a part. Names neither the user nor the machine.

    Raises:
        ConfigError: The file cannot be written.
    """
    add_part(folder, part_of_run(run))


def add_part(folder: Path, part: Mapping[str, Any]) -> None:
    """Add a part, whose "first_step" says what it goes on from, to the list in the folder of a run of any kind.

    Raises:
        ConfigError: The file cannot be written.
    """
    path = folder / ENVIRONMENT
    try:
        write_text(path, json.dumps([*_parts_before(path, part["first_step"]), part], indent=1) + "\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); name another --output") from error


def part_of_run(run: TrainingRun) -> dict[str, Any]:
    """What decides the numbers of this part besides the recipe."""
    precision = "bfloat16" if run.autocast()._enabled else "float32"
    return {
        "first_step": run.state.step,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": run.config.run.seed,
        "data_sha256": run.data.key,
        "run_sha256": run.state.run_key,
        "training_cases": len(run.data.train),
        "validation_cases": len(run.data.validation),
        **surroundings(place().description, precision, run.processes.count),
    }


def surroundings(device: str, precision: str, processes: int) -> dict[str, Any]:
    """What a run of any kind is computed on and with.

    Args:
        device: In words.
        precision: Of the forward pass.
        processes: That share the work.
    """
    return {
        "device": device,
        "processor": _processor(),
        "precision": precision,
        "processes": processes,
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if torch.cuda.is_available() else None,
    }


def _parts_before(path: Path, first_step: int) -> list[dict[str, Any]]:
    """The parts that a run goes on from; none where it starts anew."""
    try:
        parts = json.loads(path.read_text(encoding="utf-8")) if first_step else []
        return [part for part in parts if isinstance(part, dict)]
    except (OSError, ValueError, TypeError):
        return []


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The model of the CPU and how many of its cores this process may use."""
    names = [platform.processor()]
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")] or names
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{names[0] or 'unknown'}, {cores} cores"
