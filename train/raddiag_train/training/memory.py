"""What to do where a batch does not fit into memory, said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from raddiag_engine.errors import RaddiagError
from raddiag_engine.failure_line import is_out_of_memory
from raddiag_train.training.config import TrainingConfig


@contextmanager
def remedy_for_memory(config: TrainingConfig) -> Iterator[None]:
    """Inside the `with` block, memory that runs out becomes an error that names the setting that needs less.

    Raises:
        RaddiagError: Memory ran out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise RaddiagError(f"not enough memory for a step; {remedy(config)}") from error


def remedy(config: TrainingConfig) -> str:
    """The next setting that needs less memory."""
    optimisation, preparation = config.optimisation, config.preparation
    larger = range(optimisation.accumulation + 1, optimisation.batch_cases + 1)
    accumulation = next((parts for parts in larger if optimisation.batch_cases % parts == 0), None)
    if accumulation is not None:
        cases = optimisation.batch_cases // accumulation
        less = f"optimisation.accumulation={accumulation} computes {cases} cases at once in place of "
        less += str(optimisation.batch_cases // optimisation.accumulation)
    elif not config.run.gradient_checkpointing:
        less = "run.gradient_checkpointing=true keeps less of a case"
    else:
        less = f"preparation.volume_size_px={preparation.volume_size_px // 2} makes volumes a quarter of their size"
    if accumulation is not None and not config.run.gradient_checkpointing:
        less += "; or run.gradient_checkpointing=true"
    return less
