"""The open vocabulary (section 4.3): a model's label space, and disorders beyond it that are asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from raddiag_engine.diagnosis.unseen_scoring import NearestDisorder
from raddiag_engine.diagnosis.vocabulary import NamedDisorder, check_vocabulary, name_key
from raddiag_engine.errors import Cancelled, ModelError
from raddiag_engine.knowledge.model_encoder import encoder_of_model, why_no_open_vocabulary
from raddiag_engine.knowledge.trainable_encoder import ENCODED_TOGETHER, TrainableEncoder
from raddiag_engine.models.card import Disorder, ModelCard
from raddiag_engine.models.folder import Model
from raddiag_engine.network.head import KnowledgeHead
from raddiag_engine.network.model import RadDiag

EMBEDDING = "embedding names"


@dataclass(frozen=True, eq=False)
class LabelSpaceInUse:
    """The disorders that are scored now.

    Attributes:
        card: Of the model, with the unseen disorders after its own.
        network: For speed; gives as many logits.
        twin: The same for saliency.
        nearest: Of each unseen disorder.
        asked: Names on the model's own card that were asked for too.
    """

    card: ModelCard
    network: RadDiag
    twin: RadDiag
    nearest: tuple[NearestDisorder, ...] = ()
    asked: frozenset[str] = frozenset()


class OpenVocabulary:
    """Takes disorders by name into a model's label space; the encoder is loaded when it is first needed.

    Args:
        model: Any; one without a knowledge head refuses names.
        network: The model's, for speed.
        twin: The same, for saliency.
        encoder_folder: Of the model's knowledge encoder, where the model does not store it.
    """

    def __init__(self, model: Model, network: RadDiag, twin: RadDiag, encoder_folder: Path | None = None) -> None:
        self._model = model
        self._network, self._twin = network, twin
        self._encoder_folder = encoder_folder
        self._encoder: TrainableEncoder | None = None
        self._vectors: dict[str, Tensor] = {}

    @property
    def closed(self) -> LabelSpaceInUse:
        """The model's own disorders alone."""
        return LabelSpaceInUse(self._model.card, self._network, self._twin)

    def opened(
        self,
        vocabulary: Sequence[NamedDisorder],
        progress: Callable[[int, int, str], None],
        cancelled: Callable[[], bool],
    ) -> LabelSpaceInUse:
        """The model's own disorders, and those of the vocabulary that are not among them.

        Raises:
            RaddiagError: A name is there twice, or there are too many.
            ModelError: The model has no knowledge head, or its encoder is not here or another one.
            Cancelled: `cancelled` said so.
        """
        if not vocabulary:
            return self.closed
        if why_not := why_no_open_vocabulary(self._model):
            raise ModelError(why_not)
        check_vocabulary(vocabulary)
        card = self._model.card
        own = {name_key(disorder.name): disorder.name for disorder in card.disorders}
        asked = frozenset(own[key] for key in map(_key_of, vocabulary) if key in own)
        unseen = [disorder for disorder in vocabulary if _key_of(disorder) not in own]
        if not unseen:
            return replace(self.closed, asked=asked)
        head = self._twin.head
        assert isinstance(head, KnowledgeHead)
        vectors_UT = self._embed([disorder.name for disorder in unseen], progress, cancelled).to(self._twin.device)
        classes = card.network.classes + len(unseen)
        return LabelSpaceInUse(
            card=replace(
                card,
                disorders=(*card.disorders, *(Disorder(d.name, d.icd10cm) for d in unseen)),
                network=replace(card.network, classes=classes),
            ),
            network=self._network.extended(vectors_UT),
            twin=self._twin.extended(vectors_UT),
            nearest=_nearest(vectors_UT, head.text_embeddings_KT, card),
            asked=asked,
        )

    @torch.no_grad()
    def _embed(
        self, names: Sequence[str], progress: Callable[[int, int, str], None], cancelled: Callable[[], bool]
    ) -> Tensor:
        """Text embeddings (U, T); those made before are recalled."""
        missing = [name for name in names if name not in self._vectors]
        if missing and self._encoder is None:
            progress(0, len(missing), "loading the knowledge encoder")
            self._encoder = encoder_of_model(self._model, self._encoder_folder)
        for start in range(0, len(missing), ENCODED_TOGETHER):
            if cancelled():
                raise Cancelled
            progress(start, len(missing), EMBEDDING)
            assert self._encoder is not None
            together = missing[start : start + ENCODED_TOGETHER]
            self._vectors |= dict(zip(together, torch.from_numpy(self._encoder.encode(together)), strict=True))
        return torch.stack([self._vectors[name] for name in names])


def _key_of(disorder: NamedDisorder) -> str:
    return name_key(disorder.name)


def _nearest(vectors_UT: Tensor, own_KT: Tensor, card: ModelCard) -> tuple[NearestDisorder, ...]:
    """Of each vector; "Normal" is no disorder and never the nearest."""
    candidates = [k for k, disorder in enumerate(card.disorders) if not disorder.normal]
    if not candidates:
        return tuple(NearestDisorder("", 0.0) for _ in vectors_UT)
    cosines_UN = vectors_UT.float() @ own_KT[candidates].float().T
    best_U = cosines_UN.argmax(dim=1).tolist()
    return tuple(
        NearestDisorder(card.disorders[candidates[n]].name, float(cosines_UN[u, n])) for u, n in enumerate(best_U)
    )
