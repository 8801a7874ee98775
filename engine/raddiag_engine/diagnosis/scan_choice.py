"""Which scans take part when a case has more than the model was trained on. Free of torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from raddiag_engine.cases import Modality, Plane, Scan

RULE = "usable before overridden, then each modality and plane in turn, more slices first"


def ranked(scans: Iterable[Scan]) -> list[Scan]:
    """The scans in the order in which they are chosen, by `RULE`.

    The scans of a (modality, plane) group stand by number of slices; the first of every group comes before the
    second of any. Ties fall to the content hash, so the order of the case does not matter.
    """
    groups: dict[tuple[bool, Modality, Plane], list[Scan]] = defaultdict(list)
    for scan in sorted(scans, key=_size_first):
        groups[not scan.usable, scan.modality, scan.plane].append(scan)
    turns = [(turn, scan) for group in groups.values() for turn, scan in enumerate(group)]
    return [scan for _, scan in sorted(turns, key=lambda item: (not item[1].usable, item[0], *_size_first(item[1])))]


def chosen(scans: Iterable[Scan], max_scans: int | None) -> list[Scan]:
    """At most `max_scans` scans by `RULE`, all of them if that is None; in the order of their content hashes.

    A case's hash does not depend on the order of its scans, so neither may anything computed from it.
    """
    return sorted(ranked(scans)[:max_scans], key=lambda scan: (scan.content_hash, scan.id))


def slice_count(scan: Scan) -> int:
    """Slices of a volume; 1 for an image or a cine loop."""
    return scan.voxels.shape[0] if scan.is_volume else 1


def _size_first(scan: Scan) -> tuple[int, str, str]:
    return -slice_count(scan), scan.content_hash, scan.id
