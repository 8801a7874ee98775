"""Published weights of a baseline, from a local file or a hub; nothing is unpickled in this process."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from raddiag_engine.errors import ModelError
from raddiag_engine.models.checkpoint import open_checkpoint
from raddiag_engine.models.hub import HubFile, download


def read_weights(path: Path) -> dict[str, Tensor]:
    """Name -> tensor of a `.safetensors`, `.bin`, `.pt` or `.pth` file.

    Raises:
        ModelError: It is missing, damaged, or holds more than weights.
    """
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except FileNotFoundError:
            raise ModelError(f"{path}: there is no such file") from None
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path}: damaged ({error}); get the file again") from error
    with open_checkpoint(path) as tensors:
        return {name: tensor.clone() for name, tensor in tensors.items()}


def of_hub(repository: str, file: str) -> Path:
    """A file of a model on the hub, from its cache or from the network.

    Raises:
        ModelError: It cannot be fetched.
    """
    return download(HubFile(repository, file, "model"))


def fill(module: nn.Module, state: dict[str, Tensor], source: Path, what: str) -> None:
    """Load weights, every one of the module's; others in the file are left alone.

    Raises:
        ModelError: One is missing or has another shape.
    """
    expected = module.state_dict()
    for name, tensor in expected.items():
        if name not in state:
            raise ModelError(f"{source}: no weights of {what}: {name!r} is missing")
        if state[name].shape != tensor.shape:
            raise ModelError(
                f"{source}: no weights of {what}: {name!r} has shape {tuple(state[name].shape)}, "
                f"not {tuple(tensor.shape)}"
            )
    module.load_state_dict({name: state[name].to(tensor.dtype) for name, tensor in expected.items()})
