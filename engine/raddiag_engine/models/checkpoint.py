"""Reads a pickled PyTorch checkpoint without unpickling it in this process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from raddiag_engine.errors import ModelError
from raddiag_engine.models.unpickle import REFUSED

TIMEOUT_S = 900


@contextmanager
def open_checkpoint(
    path: Path, scratch: Path | None = None, timeout_s: float = TIMEOUT_S
) -> Iterator[dict[str, Tensor]]:
    """The tensors of a `.bin`, `.pt` or `.pth` file, read in a child process that knows tensors only.

    Args:
        path: As `torch.save` wrote it.
        scratch: Folder with room for a second copy of the weights; the system's temporary folder if None.
        timeout_s: After which the child is stopped.

    Yields:
        Name -> tensor, without DataParallel's "module." prefix; they are a mapped file, which is gone afterwards.

    Raises:
        ModelError: The file is missing, damaged, or holds more than weights; nothing in it was run.
    """
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file")
    with tempfile.TemporaryDirectory(prefix=".raddiag-", dir=scratch) as folder:
        converted = Path(folder) / "weights.safetensors"
        # -P keeps modules that lie in the working folder from being imported.
        command = [sys.executable, "-P", "-m", "raddiag_engine.models.unpickle", str(path.resolve()), str(converted)]
        try:
            child = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            raise ModelError(f"{path}: not read within {timeout_s:.0f} s, so it was given up") from None
        last = child.stderr.strip().splitlines()[-1:] or [f"exit status {child.returncode}"]
        if child.returncode == REFUSED:
            raise ModelError(f"{path}: refused: {last[0]}; nothing in it was run")
        if child.returncode != 0:
            raise ModelError(f"{path}: the process that reads it failed ({last[0]}); the file may be damaged")
        yield load_file(converted)
