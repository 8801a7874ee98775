"""A tiny model with a knowledge head, and the knowledge encoder that embedded its disorders, for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from raddiag_engine.knowledge.encoder_folder import save_encoder
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_engine.knowledge.identity import encoder_sha256
from raddiag_engine.knowledge.stored_encoder import encoder_tensors, round_to_stored
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.encoder_card import EncoderCard
from raddiag_engine.models.folder import save_model
from raddiag_engine.network.config import HeadConfig
from raddiag_engine.network.model import RadDiag
from tests.engine.diagnosis.tiny_model import tiny_card

TEXT_WIDTH = 24


def tiny_encoder(seed: int = 0) -> HashedEncoder:
    """An untrained encoder, as a model embeds with it."""
    torch.manual_seed(seed)
    encoder = HashedEncoder(buckets=512, width=TEXT_WIDTH)
    encoder.prepare([disorder.name for disorder in tiny_card().disorders])
    round_to_stored(encoder)
    return encoder


def save_knowledge_model(
    folder: Path, *, stored: bool = True, encoder: HashedEncoder | None = None, similarity: str = "cosine"
) -> ModelCard:
    """Write the model; its encoder goes with it, or else to the folder "encoder" beside it."""
    encoder = encoder or tiny_encoder()
    card = tiny_card()
    head = HeadConfig("knowledge", TEXT_WIDTH, similarity)  # type: ignore[arg-type]
    described = EncoderCard("encoder", encoder.kind, encoder_sha256(encoder), encoder.settings(), stored)
    card = replace(card, network=replace(card.network, head=head), knowledge_encoder=described)
    torch.manual_seed(1)
    network = RadDiag(card.network).eval()
    network.set_text_embeddings(torch.from_numpy(encoder.encode([disorder.name for disorder in card.disorders])))
    with torch.no_grad():
        if network.head.bias_K is not None:
            network.head.bias_K.copy_(torch.linspace(-4, 1, len(card.disorders)))
    if not stored:
        save_encoder(encoder, folder.parent / "encoder", {})
    return save_model(folder, card, network, encoder_tensors(encoder) if stored else None)
