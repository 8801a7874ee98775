"""A model folder: model.safetensors and card.json. Nothing is ever unpickled to load a model."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from raddiag_engine.errors import ModelError
from raddiag_engine.models.card import ModelCard, read_card
from raddiag_engine.models.network_from_weights import build_network
from raddiag_engine.network.model import RadDiag

CARD_NAME = "card.json"
WEIGHTS_NAME = "model.safetensors"
NETWORK_PREFIX = "network."


@dataclass(frozen=True, eq=False)
class Model:
    """A model as loaded.

    Attributes:
        card: Everything that is not a weight.
        network: In evaluation mode, float32, on the CPU.
        extra: Further tensors by name, such as "input_score.mean".
        folder: Where it was loaded from.
    """

    card: ModelCard
    network: RadDiag
    extra: dict[str, Tensor]
    folder: Path


def load_model(folder: Path) -> Model:
    """Load a model and check that card and weights belong together.

    Args:
        folder: Holds model.safetensors and card.json.

    Raises:
        ModelError: A file is missing or damaged, the weights are not those of the card (SHA-256), or their names
            and shapes, number of disorders included, are not those of the network that the card describes.
    """
    card = read_card(folder / CARD_NAME)
    weights = folder / WEIGHTS_NAME
    if weights_sha256(weights) != card.weights_sha256:
        raise ModelError(
            f"{weights}: not the weights that {CARD_NAME} belongs to (SHA-256 differs); get the model again"
        )
    try:
        tensors = load_file(weights)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{weights}: damaged ({error}); get the model again") from error
    state = {name.removeprefix(NETWORK_PREFIX): t for name, t in tensors.items() if name.startswith(NETWORK_PREFIX)}
    extra = {name: tensor.clone() for name, tensor in tensors.items() if not name.startswith(NETWORK_PREFIX)}
    return Model(card, build_network(card, state, weights), extra, folder)


def save_model(
    folder: Path, card: ModelCard, network: RadDiag, extra: Mapping[str, Tensor] | None = None, half: bool = False
) -> ModelCard:
    """Write a model folder, whole or not at all.

    Args:
        folder: Created, or replaced if it is a model folder.
        card: Its `weights_sha256` is filled in.
        network: Its state, frozen text embeddings included, is stored under names that begin with "network.".
        extra: Further tensors, stored as they are.
        half: Store the network's floating-point tensors in half precision; they load as float32.

    Returns:
        The card as written.

    Raises:
        ModelError: `folder` holds something else than a model, or cannot be written.
    """
    tensors = {NETWORK_PREFIX + name: _stored(tensor, half) for name, tensor in network.state_dict().items()}
    for name, tensor in (extra or {}).items():
        if name.startswith(NETWORK_PREFIX):
            raise ValueError(f"{name}: names that begin with {NETWORK_PREFIX!r} are the network's own")
        tensors[name] = tensor.detach().cpu().contiguous()
    refuse_foreign_folder(folder)
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        unfinished.mkdir(parents=True)
        save_file(tensors, unfinished / WEIGHTS_NAME)
        written = replace(card, weights_sha256=weights_sha256(unfinished / WEIGHTS_NAME))
        (unfinished / CARD_NAME).write_text(written.to_json(), encoding="utf-8")
        _put_in_place(unfinished, folder)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder}: the model cannot be written ({error}); choose another folder") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return written


def weights_sha256(path: Path) -> str:
    """SHA-256 of a weights file.

    Raises:
        ModelError: It is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise ModelError(f"{path}: missing; a model folder holds {WEIGHTS_NAME} and {CARD_NAME}") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error


def refuse_foreign_folder(folder: Path) -> None:
    """Check that writing a model to `folder` would destroy nothing but an older model.

    Raises:
        ModelError: It is a file, or a folder that holds anything but a model.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ModelError(f"{folder}: is a file; name a folder for the model")
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in (CARD_NAME, WEIGHTS_NAME))
    if foreign:
        raise ModelError(f"{folder}: holds {foreign[0]!r}, so it is not a model folder and is left alone; name another")


def _stored(tensor: Tensor, half: bool) -> Tensor:
    own = tensor.detach().cpu().contiguous()
    if not (half and own.is_floating_point()):
        return own
    halved = own.half()
    # A batch norm's running variance can exceed 65504, the largest number of half precision.
    return halved if torch.equal(halved.isfinite(), own.isfinite()) else own


def _put_in_place(unfinished: Path, folder: Path) -> None:
    if not folder.exists():
        unfinished.replace(folder)
        return
    # A folder that is not empty cannot be replaced in one step: the old model stands aside until the new one is there.
    aside = folder.with_name(f"{unfinished.name}.old")
    folder.replace(aside)
    try:
        unfinished.replace(folder)
    except OSError:
        aside.replace(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)
