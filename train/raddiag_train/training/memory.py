"""Which setting needs so little memory that a step fits, once one did not."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import psutil
import torch

from raddiag_train.training.activation_memory import saved_bytes
from raddiag_train.training.precision import has_native_bf16
from raddiag_train.training.training_run import TrainingRun

# What a step needs beside what autograd saves: gradients on their way, the workspace of a convolution, fragments.
MARGIN = 1.3
# Of every weight: itself, its gradient, two moments of AdamW and the average; all in float32.
COPIES_OF_WEIGHTS = 5


@dataclass(frozen=True)
class StepMemory:
    """What a step takes of memory, by estimate.

    Attributes:
        mean_bytes: What is kept of the mean case until the backward pass.
        largest_bytes: What is kept of the case with the most.
    """

    mean_bytes: float
    largest_bytes: float

    def needed_bytes(self, cases: int) -> float:
        """Of so many cases computed at once: the largest one among mean ones, as an epoch has it."""
        return MARGIN * (self.largest_bytes + (cases - 1) * self.mean_bytes)


def remedy(run: TrainingRun) -> str:
    """The first setting that fits: fewer cases at once, checkpointing too, or else smaller volumes."""
    optimisation, checkpointing = run.config.optimisation, run.config.run.gradient_checkpointing
    batch, parts_now = optimisation.batch_cases, optimisation.accumulation
    free_bytes = memory_for_scans_bytes(run)
    more_parts = [parts for parts in range(parts_now + 1, batch + 1) if batch % parts == 0]
    needed_bytes = 0.0
    for checkpointed in sorted({checkpointing, True}):
        memory = step_memory(run, checkpointed)
        for parts in more_parts if checkpointed is checkpointing else [parts_now, *more_parts]:
            needed_bytes = memory.needed_bytes(-(-batch // parts // run.processes.count))
            if needed_bytes <= free_bytes:
                settings = [f"optimisation.accumulation={parts}"] * (parts != parts_now)
                settings += ["run.gradient_checkpointing=true"] * (checkpointed is not checkpointing)
                fits = f"{batch // parts} cases at once in place of {batch // parts_now}"
                return (
                    f"set {' and '.join(settings)}: {fits}, about {_gib(needed_bytes)} of the {_gib(free_bytes)} there"
                )
        needed_bytes = memory.needed_bytes(1)
    least = [f"optimisation.accumulation={batch}"] * (parts_now != batch)
    least += ["run.gradient_checkpointing=true"] * (not checkpointing)
    least.append(f"preparation.volume_size_px={run.config.preparation.volume_size_px // 2}")
    return (
        f"the largest case alone takes about {_gib(needed_bytes)} of the {_gib(free_bytes)} there; set "
        f"{' and '.join(least)}, which makes volumes a quarter of their size"
    )


def step_memory(run: TrainingRun, checkpointing: bool) -> StepMemory:
    """What the training cases of a run take, with or without gradient checkpointing."""
    half = has_native_bf16(run.device) and run.config.optimisation.precision != "fp32"
    of_kind: dict[tuple[tuple[int, ...], bool], int] = {}
    of_cases = []
    for index in range(len(run.data.train)):
        kinds = [(scan.voxels.shape, scan.is_volume) for scan in run.data.train[index].scans]
        for kind in set(kinds) - of_kind.keys():
            of_kind[kind] = saved_bytes(run.config.network, *kind, checkpointing=checkpointing, half=half)
        of_cases.append(sum(of_kind[kind] for kind in kinds))
    return StepMemory(float(np.mean(of_cases)), float(max(of_cases)))


def memory_for_scans_bytes(run: TrainingRun) -> float:
    """Memory of the device that is free, or this process's own, less what the weights need at all times."""
    if run.device.type == "cuda":
        found = torch.cuda.mem_get_info(run.device)[0] + torch.cuda.memory_reserved(run.device)
    else:
        own = psutil.Process().memory_info()
        # Pages of files that are mapped count as available already.
        used = own.rss - getattr(own, "shared", 0)
        found = min(psutil.virtual_memory().available, _unreserved_bytes(own.vms)) + used
    weights = sum(parameter.numel() * 4 for parameter in run.network.parameters())
    return max(0.0, float(found - COPIES_OF_WEIGHTS * weights))


def _unreserved_bytes(reserved: int) -> float:
    """What a limit of this process (`ulimit -v`, as batch systems set it) leaves of addresses; endless without one."""
    if sys.platform == "win32":
        return float("inf")
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return float("inf") if limit == resource.RLIM_INFINITY else max(0.0, float(limit - reserved))


def _gib(number: float) -> str:
    return f"{number / 2**30:.1f} GiB"
