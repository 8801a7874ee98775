"""A small knowledge encoder inside a model's own weights file, in half precision, so that the folder needs no other."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_engine.models.encoder_card import EncoderCard

PREFIX = "knowledge_encoder."
MOST_STORED_BYTES = 20 * 2**20


def is_storable(encoder: TrainableEncoder) -> bool:
    """True if a model takes the encoder along: it has no files of its own, and takes at most 20 MiB."""
    bytes_in_half = 2 * sum(tensor.numel() for tensor in encoder.stored_weights().values())
    return encoder.kind == HashedEncoder.kind and bytes_in_half <= MOST_STORED_BYTES


@torch.no_grad()
def round_to_stored(encoder: TrainableEncoder) -> None:
    """Round the weights to what is stored, in place, so that names get the same vectors in training and in use."""
    for tensor in encoder.stored_weights().values():
        tensor.copy_(tensor.half())


def encoder_tensors(encoder: TrainableEncoder) -> dict[str, Tensor]:
    """The weights under the names by which a model stores them."""
    return {f"{PREFIX}{name}": tensor.detach().cpu().half() for name, tensor in encoder.stored_weights().items()}


def encoder_from_tensors(card: EncoderCard, tensors: Mapping[str, Tensor]) -> TrainableEncoder:
    """The encoder that a model took along.

    Args:
        card: Says what it is.
        tensors: Those of the model beside its network.

    Raises:
        ModelError: It is of an unknown kind, or the tensors are not those of such an encoder.
    """
    if card.kind != HashedEncoder.kind:
        raise ModelError(f"the model stores a knowledge encoder of unknown kind {card.kind!r}; update napari-raddiag")
    try:
        encoder = HashedEncoder(**card.settings)
        own = {name.removeprefix(PREFIX): t.float() for name, t in tensors.items() if name.startswith(PREFIX)}
        encoder.load_state_dict(own)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(
            f"the knowledge encoder that the model stores is damaged ({reason}); get the model again"
        ) from error
    return encoder.eval()
