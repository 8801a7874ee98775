"""The scans of a case as the engine fuses them, for a model to which their number or their order matters.

A model may take a limited number of scans, and give the n-th scan of a modality the n-th modality embedding, as the
released one does. The engine chooses and orders by what it has read (`raddiag_engine/diagnosis/scan_choice.py`), which
takes as long here as preparing the scans. So what it comes to is kept beside the prepared data, under what the file
system says of the case's files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from raddiag_engine.diagnosis.scan_choice import chosen, ranked
from raddiag_engine.models.card import ModelCard
from raddiag_train.data.case_identity import status_key
from raddiag_train.data.case_pool import of_each_case
from raddiag_train.data.prepared import Progress, preparation_key
from raddiag_train.data.records import CaseRecord
from raddiag_train.data.scan_reading import read_scan

FILE_NAME = "scan_orders.txt"


@dataclass(frozen=True)
class ScanOrder:
    """The scans of a case, by position in its record.

    Attributes:
        chosen: In the order in which the engine chooses them.
        fused: In the order in which it fuses them.
    """

    chosen: tuple[int, ...]
    fused: tuple[int, ...]

    def first(self, most: int | None) -> tuple[int, ...]:
        """The first `most` chosen, all if that is None, as they are fused."""
        kept = set(self.chosen[:most])
        return tuple(position for position in self.fused if position in kept)


def with_fused_scans(
    records: Sequence[CaseRecord], card: ModelCard, cache: Path, progress: Progress | None = None
) -> list[CaseRecord]:
    """The cases with the scans that the engine fuses, in its order; only cases in which that says something are read.

    Args:
        records: The cases.
        card: Of the model.
        cache: Folder of prepared scans.
        progress: Called with the cases read and to be read.

    Raises:
        ReadError: A scan cannot be read.
    """
    keys = {row: status_key(record) for row, record in enumerate(records) if _matters(record, card)}
    file = cache / preparation_key(card.preparation) / FILE_NAME
    known = _read_orders(file)
    missing = [row for row, key in keys.items() if key not in known or len(known[key].fused) != len(records[row].scans)]
    found: dict[str, ScanOrder] = {}
    try:
        for done, order in enumerate(of_each_case(scan_order, [records[row] for row in missing]), 1):
            found[keys[missing[done - 1]]] = order
            if progress is not None:
                progress(done, len(missing))
    finally:
        _append_orders(file, found)
    known |= found
    fused = list(records)
    for row, key in keys.items():
        scans = records[row].scans
        fused[row] = replace(records[row], scans=tuple(scans[index] for index in known[key].first(card.max_scans)))
    return fused


def scan_order(record: CaseRecord) -> ScanOrder:
    """What the engine makes of a case's scans.

    Raises:
        ReadError: A scan cannot be read.
    """
    scans = [read_scan(record, scan) for scan in record.scans]
    position = {id(scan): index for index, scan in enumerate(scans)}
    by_choice, by_fusion = ranked(scans), chosen(scans, None)
    return ScanOrder(tuple(position[id(s)] for s in by_choice), tuple(position[id(s)] for s in by_fusion))


def _matters(record: CaseRecord, card: ModelCard) -> bool:
    """True if the case has scans too many, or several of a modality that has several embeddings."""
    if card.max_scans is not None and len(record.scans) > card.max_scans:
        return True
    own_ids = card.preparation.modality_ids
    scans = Counter(tuple(own_ids.get(str(s.modality)) or own_ids.get("unknown") or ()) for s in record.scans)
    return any(count > 1 and len(ids) > 1 for ids, count in scans.items())


def _read_orders(file: Path) -> dict[str, ScanOrder]:
    """Status key -> order; a line that a killed process left half written is passed over."""
    orders = {}
    for line in file.read_text(encoding="ascii", errors="replace").splitlines() if file.is_file() else ():
        key, *words = line.split() or [""]
        positions = tuple(int(word) for word in words if word.isdigit())
        scans = len(words) // 2
        order = ScanOrder(positions[:scans], positions[scans:])
        if scans and sorted(order.chosen) == sorted(order.fused) == list(range(scans)):
            orders[key] = order
    return orders


def _append_orders(file: Path, orders: dict[str, ScanOrder]) -> None:
    if orders:
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"{key} {' '.join(map(str, order.chosen + order.fused))}" for key, order in orders.items())
        with file.open("a", encoding="ascii", newline="\n") as stream:
            # The line break first ends what a killed process has left.
            stream.write("\n" + "\n".join(lines) + "\n")
