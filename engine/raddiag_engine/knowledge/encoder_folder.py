"""A knowledge encoder on disk: encoder.json, and model.safetensors with its SHA-256 in there; nothing is pickled."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from raddiag_engine.atomic import atomic_folder
from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_engine.knowledge.pooling import Pooling
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_engine.knowledge.transformer_encoder import TransformerEncoder

DESCRIPTION, WEIGHTS = "encoder.json", "model.safetensors"
SCHEMA = 1


def save_encoder(encoder: TrainableEncoder, folder: Path, history: dict[str, Any]) -> str:
    """Write an encoder; the SHA-256 of its weights is returned.

    Args:
        encoder: To be written.
        folder: Made if absent.
        history: What it was trained on and how, for encoder.json.
    """
    with atomic_folder(folder) as unfinished:
        encoder.save_files(unfinished)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in encoder.stored_weights().items()}
        save_file(tensors, unfinished / WEIGHTS, metadata={"format": "pt"})
        digest = hashlib.sha256((unfinished / WEIGHTS).read_bytes()).hexdigest()
        described = {"schema": SCHEMA, "kind": encoder.kind, "settings": encoder.settings(), "weights_sha256": digest}
        text = json.dumps({**described, "training": history}, indent=1, ensure_ascii=False) + "\n"
        (unfinished / DESCRIPTION).write_text(text, encoding="utf-8")
    return digest


def load_encoder(folder: Path, pooling: Pooling | None = None) -> TrainableEncoder:
    """Read an encoder that `save_encoder` wrote, or a plain folder of transformers.

    Args:
        folder: Of the encoder.
        pooling: Of a plain folder of transformers; None for what the folder states.

    Raises:
        ModelError: The folder is missing, damaged, of another schema, or its weights are not those described.
    """
    if not (folder / DESCRIPTION).exists() and (folder / "config.json").exists():
        return TransformerEncoder(folder, pooling).eval()
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if not isinstance(described, dict) or described.get("schema") != SCHEMA:
            raise ModelError(f"{folder / DESCRIPTION}: not a knowledge encoder of schema {SCHEMA}")
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        if digest != described["weights_sha256"]:
            raise ModelError(f"{folder / WEIGHTS}: not the weights that {DESCRIPTION} describes; copy the folder again")
        encoder = _build(described["kind"], described["settings"], folder)
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder}: no knowledge encoder here ({Path(str(error.filename)).name} is missing)"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder}: the knowledge encoder cannot be read ({error})") from error
    return encoder.eval()


def encoder_of_folder_or_run(folder: Path, pooling: Pooling | None = None) -> TrainableEncoder:
    """Like `load_encoder`, also for the folder of a run.

    Raises:
        ModelError: There is no usable encoder.
    """
    return load_encoder(folder / "model" if (folder / "model").is_dir() else folder, pooling)


def _build(kind: str, settings: dict[str, Any], folder: Path) -> TrainableEncoder:
    """The encoder with its weights."""
    if kind == TransformerEncoder.kind:
        return TransformerEncoder(folder, **settings)
    if kind != HashedEncoder.kind:
        raise ValueError(f"unknown kind {kind!r}")
    encoder = HashedEncoder(**settings)
    encoder.load_state_dict(load_file(folder / WEIGHTS))
    return encoder
