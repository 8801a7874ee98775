"""From scans to scan embeddings, a chunk at a time, and never twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from raddiag_engine.cases import Scan, Window
from raddiag_engine.diagnosis.device import Placement
from raddiag_engine.diagnosis.embedding_cache import EmbeddingCache, EmbeddingKey
from raddiag_engine.diagnosis.encoded_case import EncodedScan
from raddiag_engine.diagnosis.input_descriptors import descriptors
from raddiag_engine.diagnosis.input_score import InputScore
from raddiag_engine.diagnosis.scan_choice import slice_count
from raddiag_engine.diagnosis.state import content_of, is_covered
from raddiag_engine.diagnosis.stopwatch import Stopwatch
from raddiag_engine.errors import Cancelled
from raddiag_engine.models.card import ModelCard
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan
from raddiag_engine.preparation import PreparedScan, prepare_case, prepare_scan

Progress = Callable[[int, int, str], None]
ScanKey = tuple[str, Window | None]


class ScanEncoder:
    """The visual encoder of one model, with everything it has to remember between cases.

    Only one chunk of prepared scans is in memory at a time, except for models whose preparation looks at all scans of
    a case together (the release); those take a stated, small number of scans.

    Args:
        network: In evaluation mode, on the placement's device.
        card: Of the same model.
        placement: Device, precision and chunk sizes.
        input_score: None if the model has none; then nothing is flagged or recognised.
        cache: Of scan embeddings.
    """

    def __init__(
        self,
        network: RadDiag,
        card: ModelCard,
        placement: Placement,
        input_score: InputScore | None,
        cache: EmbeddingCache,
    ) -> None:
        self.network = network
        self.card = card
        self.placement = placement
        self.input_score = input_score
        self.cache = cache
        self._coverage = {*card.coverage, *(entry for disorder in card.disorders for entry in disorder.coverage)}
        self._known: dict[ScanKey, EncodedScan] = {}

    @property
    def prepares_jointly(self) -> bool:
        """True if what the network is given of one scan depends on the other scans of the case."""
        return self.card.preparation.range_over == "case"

    def encode(
        self,
        scans: Sequence[Scan],
        windows: Mapping[str, Window],
        progress: Progress,
        cancelled: Callable[[], bool],
        stopwatch: Stopwatch,
    ) -> list[EncodedScan]:
        """Encode scans, or recall them, in the order given.

        Args:
            scans: Of one case.
            windows: Scan id -> a window chosen by a person.
            progress: Called with scans done, scans to do and what was done.
            cancelled: Asked before every chunk.
            stopwatch: Gets the stages "prepare" and "encode".

        Raises:
            Cancelled: `cancelled` said so; what was encoded until then is remembered.
        """
        recalled = {} if self.prepares_jointly else {scan.id: self._known.get(_key(scan, windows)) for scan in scans}
        # The reader's doubts can change under the same key, so the scan itself is always the new one.
        encoded = {scan.id: replace(known, scan=scan) for scan in scans if (known := recalled.get(scan.id))}
        progress(len(encoded), len(scans), "preparing scans")
        by_id = {scan.id: scan for scan in scans}
        unknown = [scan for scan in scans if scan.id not in encoded]
        for prepared in self._prepared_chunks(unknown, windows, cancelled, stopwatch):
            with stopwatch.stage("encode"):
                embeddings = self._embeddings(prepared)
            for part, embedding_C in zip(prepared, embeddings, strict=True):
                scan = by_id[part.scan_id]
                encoded[scan.id] = self._known[_key(scan, windows)] = self._assessed(scan, part, embedding_C)
            progress(len(encoded), len(scans), "encoding scans")
        return [encoded[scan.id] for scan in scans]

    def forget_all_but(self, scans: Sequence[Scan], windows: Mapping[str, Window]) -> None:
        """Let go of the scans (not of the embeddings) of earlier cases."""
        keys = {_key(scan, windows) for scan in scans}
        self._known = {key: encoded for key, encoded in self._known.items() if key in keys}

    def _prepared_chunks(
        self,
        scans: Sequence[Scan],
        windows: Mapping[str, Window],
        cancelled: Callable[[], bool],
        stopwatch: Stopwatch,
    ) -> Iterator[list[PreparedScan]]:
        config = self.card.preparation
        together: list[PreparedScan] = []
        if self.prepares_jointly and scans:
            with stopwatch.stage("prepare"):
                together = prepare_case(scans, config, windows=windows)
        for chunk in self._chunks(scans):
            if cancelled():
                raise Cancelled
            if together:
                yield together[chunk]
                continue
            with stopwatch.stage("prepare"):
                prepared = [prepare_scan(scan, config, window=windows.get(scan.id)) for scan in scans[chunk]]
            yield prepared

    def _chunks(self, scans: Sequence[Scan]) -> Iterator[slice]:
        start = slices = 0
        for position, scan in enumerate(scans):
            own = min(slice_count(scan), self.card.preparation.depth)
            full = position - start == self.placement.scans_per_chunk or slices + own > self.placement.slices_per_chunk
            if full and position > start:
                yield slice(start, position)
                start, slices = position, 0
            slices += own
        if start < len(scans):
            yield slice(start, len(scans))

    def _embeddings(self, chunk: list[PreparedScan]) -> list[Tensor]:
        """embedding_C of every prepared scan, from the cache where it is there."""
        place = (self.placement.precision, str(self.placement.device))
        keys = [EmbeddingKey(scan.hash, self.card.weights_sha256, *place) for scan in chunk]
        embeddings = {key: self.cache.get(key) for key in keys}
        new = {key: scan for key, scan in zip(keys, chunk, strict=True) if embeddings[key] is None}
        if new:
            inputs = [network_scan(scan) for scan in new.values()]
            with self.placement.autocast():
                embeddings_NC = self.network.encode_scans(inputs, self.placement.slices_per_chunk).float()
            for key, embedding_C in zip(new, embeddings_NC, strict=True):
                self.cache.put(key, embedding_C)
                embeddings[key] = embedding_C
        return [embedding_C for key in keys if (embedding_C := embeddings[key]) is not None]

    def _assessed(self, scan: Scan, prepared: PreparedScan, embedding_C: Tensor) -> EncodedScan:
        assessment = None
        if self.input_score is not None:
            assessment = self.input_score.assess(
                embedding_C.cpu().numpy(), descriptors(prepared), scan.modality, scan.anatomy
            )
        recognised = assessment.recognised if assessment else None
        return EncodedScan(
            scan=scan,
            prepared_hash=prepared.hash,
            saw=prepared.plan.describe(),
            embedding_C=embedding_C,
            recognised=recognised,
            out_of_distribution=bool(assessment and assessment.out_of_distribution),
            covered=is_covered(content_of(scan, recognised), self._coverage),
        )


def network_scan(prepared: PreparedScan) -> NetworkScan:
    """A prepared scan as a tensor; shares its memory where it can."""
    voxels = torch.from_numpy(np.ascontiguousarray(prepared.voxels))
    return NetworkScan(voxels, prepared.is_volume, prepared.modality_id)


def _key(scan: Scan, windows: Mapping[str, Window]) -> ScanKey:
    return scan.content_hash, windows.get(scan.id)
