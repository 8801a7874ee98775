"""The logits of cases as the engine has them: untrusted scans are set aside and replaced by the next ones in line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.device import Placement
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import Model
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.data.scan_reading import UnusableScan
from raddiag_train.evaluation.fused_scans import with_fused_scans
from raddiag_train.evaluation.predict import Predictions, predict
from raddiag_train.evaluation.scan_trust import Doubt, ScanTrust
from raddiag_train.evaluation.usable_scans import usable_scans
from raddiag_train.progress import task_progress


@dataclass(frozen=True)
class FusionSettings:
    """How cases are put through the network.

    Attributes:
        cache: Folder of prepared scans.
        placement: Device and precision.
        mirrored: Average the logits with those of the mirrored case.
        modality_id: In place of every scan's own; None leaves them.
        all_scans: Fuse untrusted scans as well, but for those that the reader calls unusable.
    """

    cache: Path
    placement: Placement
    mirrored: bool = False
    modality_id: int | None = None
    all_scans: bool = False


@dataclass(frozen=True)
class SetAside:
    """A scan that was not fused because it is not trusted.

    Attributes:
        case_id: Of its case.
        scan: Its number in the case's record, from 1.
        reason: Why.
    """

    case_id: str
    scan: int
    reason: Doubt


@dataclass(frozen=True, eq=False)
class FusedCases:
    """N cases as they were judged.

    Attributes:
        records: The cases with the scans that were fused, in the order in which they were.
        logits_NK: Of the network.
        set_aside: The scans that are not trusted beside others that are.
        untrusted_N: True for a case without a trusted scan: all its scans are fused, and the engine assesses nothing.
    """

    records: tuple[CaseRecord, ...]
    logits_NK: NDArray[np.float32]
    set_aside: tuple[SetAside, ...]
    untrusted_N: NDArray[np.bool_]


def fuse_as_engine(
    model: Model, records: Sequence[CaseRecord], labels: LabelSpace, settings: FusionSettings
) -> FusedCases:
    """Put cases through a network with the scans that the engine would fuse (`diagnosis/case_encoder.py` there).

    Args:
        model: Its network is moved to the device of the settings.
        records: N cases.
        labels: The model's label space.
        settings: How.

    Raises:
        ConfigError: A case has a disorder that the model does not know.
        ReadError: A scan cannot be read or prepared, or a case has no usable one.
    """
    trust = ScanTrust(model, modality_known=settings.modality_id is None)
    waiting = [_Candidates(row, record, record.scans) for row, record in enumerate(records)]
    fused, logits_NK = list(records), np.empty((len(records), len(labels)), dtype=np.float32)
    set_aside: list[SetAside] = []
    untrusted_N = np.zeros(len(records), dtype=bool)
    while waiting:
        dataset = _prepared(waiting, model.card, labels, settings.cache)
        found = _predictions(model, dataset, settings)
        unsettled = []
        for index, one in enumerate(waiting):
            of_case = dataset.records[index]
            doubts = trust.doubts(of_case, dataset[index].scans, found.embeddings[index])
            if settings.all_scans or one.settled_by(of_case, doubts):
                fused[one.row], logits_NK[one.row], untrusted_N[one.row] = of_case, found.logits_NK[index], all(doubts)
                set_aside += one.set_aside(of_case)
            else:
                unsettled.append(one)
        waiting = unsettled
    return FusedCases(tuple(fused), logits_NK, tuple(set_aside), untrusted_N)


@dataclass
class _Candidates:
    """A case and the scans of it that may be fused.

    Attributes:
        row: Of the case.
        record: As given.
        scans: That are not doubted so far; none once all are.
        doubts: id of a scan of the record -> why it is not trusted.
    """

    row: int
    record: CaseRecord
    scans: tuple[ScanRecord, ...]
    doubts: dict[int, Doubt] = field(default_factory=dict)

    def offered(self) -> CaseRecord:
        """The case with its candidates; with every usable scan once none is left."""
        usable = tuple(scan for scan in self.record.scans if self.doubts.get(id(scan)) != "not usable")
        return replace(self.record, scans=self.scans or usable)

    def settled_by(self, fused: CaseRecord, doubts: Sequence[Doubt | None]) -> bool:
        """True if the fusion of these scans stands; otherwise the doubted ones are no candidates any more."""
        if not any(doubts) or not self.scans:
            return True
        self.doubt({id(scan): doubt for scan, doubt in zip(fused.scans, doubts, strict=True) if doubt})
        # Where none is trusted all are fused; they may have been just now.
        return not self.scans and len(fused.scans) == len(self.offered().scans)

    def doubt(self, doubts: dict[int, Doubt]) -> None:
        """Take scans, by their id, out of the candidates."""
        self.doubts |= doubts
        self.scans = tuple(scan for scan in self.scans if id(scan) not in self.doubts)

    def set_aside(self, fused: CaseRecord) -> list[SetAside]:
        """The doubted scans that were not fused after all."""
        in_use = {id(scan) for scan in fused.scans}
        return [
            SetAside(self.record.case_id, number, self.doubts[id(scan)])
            for number, scan in enumerate(self.record.scans, 1)
            if id(scan) in self.doubts and id(scan) not in in_use
        ]


def _prepared(waiting: Sequence[_Candidates], card: ModelCard, labels: LabelSpace, cache: Path) -> PreparedDataset:
    """The scans to be fused; those that the reader calls unusable are set aside first."""
    try:
        return _dataset([one.offered() for one in waiting], card, labels, cache)
    except UnusableScan:
        # Only now are cases read to be asked, which few data sets need.
        offered = [one.offered() for one in waiting]
        with task_progress("looking for unusable scans") as progress:
            usable = usable_scans(offered, card.preparation, cache, progress)
    for one, record, kept in zip(waiting, offered, usable, strict=True):
        one.doubt({id(scan): "not usable" for place, scan in enumerate(record.scans) if place not in kept})
    return _dataset([one.offered() for one in waiting], card, labels, cache)


def _dataset(records: Sequence[CaseRecord], card: ModelCard, labels: LabelSpace, cache: Path) -> PreparedDataset:
    with task_progress("choosing scans") as progress:
        chosen = with_fused_scans(records, card, cache, progress)
    with task_progress("preparing cases") as progress:
        return PreparedDataset(chosen, labels, card.preparation, cache, progress=progress)


def _predictions(model: Model, dataset: PreparedDataset, settings: FusionSettings) -> Predictions:
    with task_progress("evaluating cases") as progress:
        return predict(
            model.network.to(settings.placement.device),
            dataset,
            autocast=settings.placement.autocast(),
            mirrored=settings.mirrored,
            modality_id=settings.modality_id,
            progress=progress,
        )
