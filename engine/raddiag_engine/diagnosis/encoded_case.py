"""A case after the visual encoder: one embedding per scan, and which of them are fused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from raddiag_engine.cases import Case, Scan, Window
from raddiag_engine.diagnosis.state import ScanContent, content_of
from raddiag_engine.models.card import Coverage


@dataclass(frozen=True, eq=False)
class EncodedScan:
    """One scan that was prepared and encoded.

    Attributes:
        scan: The scan itself.
        prepared_hash: SHA-256 of what the network was given.
        saw: The same in words.
        embedding_C: Scan embedding, float32, on the network's device.
        recognised: Modality and anatomy that the input score sees in it; None if the model has no input score.
        out_of_distribution: True if the input score flags it.
        covered: True if the model was trained on scans of its modality and anatomy.
    """

    scan: Scan
    prepared_hash: str
    saw: str
    embedding_C: Tensor
    recognised: Coverage | None
    out_of_distribution: bool
    covered: bool

    @property
    def content(self) -> ScanContent:
        """What it shows, recognised modality and anatomy included."""
        return content_of(self.scan, self.recognised)

    @property
    def trusted(self) -> bool:
        """True if it can make a disorder positive."""
        return self.covered and not self.out_of_distribution


@dataclass(frozen=True, eq=False)
class EncodedCase:
    """The scans of a case, encoded, chosen and ready to be fused.

    Attributes:
        case: As it was set.
        windows: Scan id -> a window chosen by a person.
        fused: The scans that make the diagnosis, in an order that depends on their content only.
        modality_ids: Of the fused scans.
        set_aside: Scans that were encoded and not trusted, beside others that are.
        left_over: Scans beyond the number that the model takes; not all of them were encoded.
        seconds: Stage ("prepare", "encode") -> wall time.
    """

    case: Case
    windows: Mapping[str, Window]
    fused: tuple[EncodedScan, ...]
    modality_ids: tuple[int, ...]
    set_aside: tuple[EncodedScan, ...]
    left_over: tuple[Scan, ...]
    seconds: Mapping[str, float]

    @property
    def trusted(self) -> list[ScanContent]:
        """What the fused scans show that can make a disorder positive."""
        return [encoded.content for encoded in self.fused if encoded.trusted]

    @property
    def embeddings_SC(self) -> Tensor:
        """Of the fused scans."""
        return torch.stack([encoded.embedding_C for encoded in self.fused])

    @property
    def input_hash(self) -> str:
        """SHA-256 of what the network was given: prepared scans and modality ids."""
        inputs = zip((encoded.prepared_hash for encoded in self.fused), self.modality_ids, strict=True)
        return hashlib.sha256(repr(sorted(inputs)).encode()).hexdigest()
