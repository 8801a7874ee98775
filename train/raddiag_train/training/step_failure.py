"""What a researcher can mend of a step that failed, said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from raddiag_engine.errors import RaddiagError
from raddiag_engine.failure_line import is_out_of_memory
from raddiag_train.training.memory import remedy
from raddiag_train.training.training_run import TrainingRun

ONE_VALUE = "Expected more than 1 value per channel"  # torch's batch norms


@contextmanager
def step_failures_named(run: TrainingRun) -> Iterator[None]:
    """Inside the `with` block, memory that runs out and maps of a single value become errors with a remedy.

    Raises:
        RaddiagError: One of the two.
    """
    try:
        yield
    except (MemoryError, RuntimeError, ValueError) as error:
        if is_out_of_memory(error):
            raise RaddiagError(f"not enough memory for a step; {remedy(run)}") from error
        if ONE_VALUE in str(error):
            raise RaddiagError(_one_value(run)) from error
        raise


def _one_value(run: TrainingRun) -> str:
    preparation, optimisation = run.config.preparation, run.config.optimisation
    return (
        f"step {run.state.step + 1} has a single scan of its kind, and the network makes a map of 1 x 1 of it, which a "
        "batch norm cannot learn from; set larger preparation.image_size_px and volume_size_px (now "
        f"{preparation.image_size_px} and {preparation.volume_size_px}), or more cases at once (now "
        f"{optimisation.batch_cases // optimisation.accumulation}: a larger optimisation.batch_cases or a smaller "
        "optimisation.accumulation)"
    )
