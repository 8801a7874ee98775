"""The knowledge encoder that belongs to a model: found, and proved to be the one that embedded its disorders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.encoder_folder import encoder_of_folder_or_run
from raddiag_engine.knowledge.identity import encoder_sha256
from raddiag_engine.knowledge.pooling import Pooling
from raddiag_engine.knowledge.stored_encoder import encoder_from_tensors, is_storable, round_to_stored
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_engine.models.encoder_card import EncoderCard
from raddiag_engine.models.folder import Model
from raddiag_engine.models.user_folder import user_folder
from raddiag_engine.network.head import KnowledgeHead

# Enough to notice another tokeniser, and soon embedded.
COMPARED_NAMES = 8
LEAST_COSINE = 0.999


def why_no_open_vocabulary(model: Model) -> str:
    """Why a model cannot be asked about a disorder by name, in one line; empty if it can."""
    name = model.card.name
    if not isinstance(model.network.head, KnowledgeHead):
        return f"model {name} has no knowledge head: it scores its own disorders only; use a model trained with one"
    if model.card.knowledge_encoder is None:
        return f"the card of model {name} does not say which knowledge encoder embedded its disorders"
    return ""


def encoder_of_model(model: Model, folder: Path | None = None) -> TrainableEncoder:
    """The knowledge encoder of a model.

    Args:
        model: With a knowledge head.
        folder: Of the encoder, or of the run that made it. None for the one that the model stores or, if it stores
            none, the one that lies under its name in the user's folder of encoders.

    Raises:
        ModelError: The model takes no names, there is no encoder, or it is not the model's.
    """
    if why_not := why_no_open_vocabulary(model):
        raise ModelError(why_not)
    card = model.card.knowledge_encoder
    assert card is not None
    if folder is None and card.stored:
        encoder, where = encoder_from_tensors(card, model.extra), str(model.folder)
    else:
        place = kept_encoder(card) if folder is None else folder
        if folder is None and not place.is_dir():
            raise ModelError(
                f"model {model.card.name} does not hold its knowledge encoder {card.name!r} (SHA-256 "
                f"{card.sha256[:12]}); copy the encoder's folder to {place}, or name it with --encoder"
            )
        encoder, where = encoder_as_used(place, card.settings.get("pooling")), str(place)
    digest = encoder_sha256(encoder)
    if digest != card.sha256:
        raise ModelError(
            f"{where}: knowledge encoder {digest[:12]} is not the one that embedded the disorders of model "
            f"{model.card.name} ({card.name!r}, {card.sha256[:12]}); name that one with --encoder"
        )
    assert isinstance(model.network.head, KnowledgeHead)
    _compare(
        encoder, [disorder.name for disorder in model.card.disorders], model.network.head.text_embeddings_KT, where
    )
    return encoder


def encoder_as_used(folder: Path, pooling: Pooling | None = None) -> TrainableEncoder:
    """The encoder of a folder or run, as it embeds the names of a model: rounded, if the model takes it along.

    Args:
        folder: Of an encoder, of a run, or a plain one of transformers.
        pooling: Of a plain folder of transformers; None for what the folder states.

    Raises:
        ModelError: There is no usable encoder.
    """
    encoder = encoder_of_folder_or_run(folder, pooling)
    if is_storable(encoder):
        round_to_stored(encoder)
    return encoder


def kept_encoder(card: EncoderCard) -> Path:
    """Where an encoder that a model does not store is looked for."""
    return user_folder() / "encoders" / card.name


def _compare(encoder: TrainableEncoder, names: list[str], text_embeddings_KT: Tensor, where: str) -> None:
    rows = list(range(min(COMPARED_NAMES, len(names))))
    fresh_NW = torch.from_numpy(np.ascontiguousarray(encoder.encode([names[row] for row in rows])))
    stored_NT = text_embeddings_KT[rows].float().cpu()
    same = fresh_NW.shape == stored_NT.shape and bool(
        (torch.cosine_similarity(fresh_NW, stored_NT, dim=1) >= LEAST_COSINE).all()
    )
    if not same:
        raise ModelError(
            f"{where}: this knowledge encoder embeds the model's own disorders otherwise than they are stored; "
            "its tokeniser or pooling is another one"
        )
