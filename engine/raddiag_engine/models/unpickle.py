"""Child process that turns a pickled checkpoint into safetensors: `python -m raddiag_engine.models.unpickle IN OUT`.

A pickle is a program. torch runs it with `weights_only=True`, which knows tensors and containers only; a child process
with limits on memory and time holds what that reader itself might get wrong. Exit status 3 means refused, with the
reason on standard error.
"""

from __future__ import annotations

import pickle
import re
import sys
import zipfile
from collections import Counter
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

REFUSED = 3
_LARGEST_EXPANSION = 4  # tensors may share storage, but not by much


class Refused(Exception):
    """The file holds something that is not a plain set of weights."""


def main(source: Path, target: Path) -> int:
    """Convert one checkpoint under limits; 0, or 3 if it was refused."""
    _limit_resources(source.stat().st_size)
    try:
        convert(source, target)
    except Refused as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


def convert(source: Path, target: Path) -> None:
    """Convert one checkpoint.

    Args:
        source: As `torch.save` wrote it.
        target: Becomes a safetensors file.

    Raises:
        Refused: `source` is damaged, or holds more than a plain set of weights.
    """
    try:
        _refuse_pointer(source)
        _refuse_compressed(source)
        tensors = _state(torch.load(source, map_location="cpu", weights_only=True))
        _refuse_expansion(tensors, source.stat().st_size)
    except pickle.UnpicklingError as error:
        # torch's message is a page of advice on how to load the file all the same; its cause is the name of a function.
        code = re.search(r"GLOBAL ([\w.]+\w)|Unsupported class ([\w.]+\w)", str(error))
        if code is None:
            raise Refused("it holds something else than PyTorch weights") from error
        raise Refused(f"it refers to {code[1] or code[2]}, which is code and not weights") from error
    except MemoryError as error:
        raise Refused("it needs more memory than a set of weights of its size can") from error
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise Refused("it is damaged, or no PyTorch checkpoint") from error
    save_file(_unshared(tensors), target)


def _limit_resources(file_bytes: int) -> None:
    """Bound the memory, time and output of this process, where the system can (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    memory_bytes = 4 * 2**30 + 6 * file_bytes
    limits = {
        resource.RLIMIT_DATA: memory_bytes,
        resource.RLIMIT_CPU: 600,
        resource.RLIMIT_FSIZE: 2**26 + 2 * _LARGEST_EXPANSION * file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        _, hard = resource.getrlimit(kind)
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (bound, hard))


def _refuse_pointer(source: Path) -> None:
    with source.open("rb") as file:
        if file.read(24) == b"version https://git-lfs.":
            raise Refused("it is a git-lfs pointer and not the weights; fetch them with `git lfs pull`")


def _refuse_compressed(source: Path) -> None:
    # torch never compresses what it stores; a compressed entry is a way to make a small file enormous.
    if not zipfile.is_zipfile(source):
        return
    with zipfile.ZipFile(source) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise Refused("it is a compressed archive, which PyTorch never writes")


def _state(loaded: object) -> dict[str, Tensor]:
    """Name -> tensor, out of an enclosing {"state_dict": ...} and without DataParallel's "module." prefix."""
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not loaded:
        raise Refused("it holds no dictionary of tensors")
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise Refused(f"its entry {name!r} is not a tensor")
        if value.layout is not torch.strided or value.is_quantized or value.is_meta:
            raise Refused(f"its tensor {name!r} is not a plain dense one")
    if all(name.startswith("module.") for name in loaded):
        return {name.removeprefix("module."): tensor for name, tensor in loaded.items()}
    return dict(loaded)


def _unshared(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Every tensor with memory of its own, as safetensors wants it."""
    uses = Counter(tensor.untyped_storage().data_ptr() for tensor in tensors.values())
    shared = {name for name, tensor in tensors.items() if uses[tensor.untyped_storage().data_ptr()] > 1}
    plain = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    return {name: tensor.clone() if name in shared else tensor for name, tensor in plain.items()}


def _refuse_expansion(tensors: dict[str, Tensor], file_bytes: int) -> None:
    total_bytes = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if total_bytes > _LARGEST_EXPANSION * file_bytes:
        raise Refused(f"its tensors would take {total_bytes:.1e} bytes, far more than the file")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
