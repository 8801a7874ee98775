"""What the card says of coverage and sources, on cases small enough to see it at a glance."""

from __future__ import annotations

from pathlib import Path

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.models.card import Coverage
from raddiag_train.data.labels import label_space
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.training.card_building import coverage_of, describe_disorders
from raddiag_train.training.card_config import CardConfig, SourceConfig

HEAD, CHEST = Anatomy.HEAD_AND_NECK, Anatomy.CHEST


def record(number: int, source: str, anatomy: Anatomy, disorder: str, *modalities: Modality) -> CaseRecord:
    scans = tuple(ScanRecord(Path(f"{number}-{modality}.png"), modality) for modality in modalities)
    return CaseRecord(f"{number}", "", anatomy, "train", scans, (disorder,), source=source)


RECORDS = [
    record(0, "mri", HEAD, "Glioma", Modality.MRI),
    record(1, "phantoms", HEAD, "Glioma", Modality.CT),
    record(2, "phantoms", HEAD, "Normal", Modality.ULTRASOUND),
    record(3, "phantoms", CHEST, "Nodule", Modality.XRAY, Modality.CT),
    record(4, "chest", CHEST, "Normal", Modality.XRAY),
]
CARD = CardConfig(sources={"phantoms": SourceConfig(real=False)})


def test_a_disorder_is_covered_where_it_or_its_absence_was_learned() -> None:
    by_name = {d.name: d for d in describe_disorders(label_space(RECORDS), RECORDS, CARD)}
    # Its own scans, and the ultrasound of a head in a source that labels it; no chest, where it never occurs.
    assert set(by_name["Glioma"].coverage) == {
        Coverage(Modality.MRI, HEAD),
        Coverage(Modality.CT, HEAD),
        Coverage(Modality.ULTRASOUND, HEAD),
    }
    assert set(by_name["Nodule"].coverage) == {Coverage(Modality.XRAY, CHEST), Coverage(Modality.CT, CHEST)}


def test_real_and_synthetic_sources_are_told_apart() -> None:
    learned_from = {d.name: d.learned_from for d in describe_disorders(label_space(RECORDS), RECORDS, CARD)}
    assert learned_from == {"Glioma": "real and synthetic", "Nodule": "synthetic", "Normal": "real and synthetic"}


def test_the_model_covers_every_kind_of_scan_it_was_trained_on() -> None:
    assert coverage_of(RECORDS) == (
        Coverage(Modality.CT, CHEST),
        Coverage(Modality.CT, HEAD),
        Coverage(Modality.MRI, HEAD),
        Coverage(Modality.XRAY, CHEST),
        Coverage(Modality.ULTRASOUND, HEAD),
    )


def test_masks_say_which_scans_can_show_a_disorder() -> None:
    mask = {"Nodule": Path("mask.nii.gz")}
    both = (ScanRecord(Path("ct.nii"), Modality.CT, masks=mask), ScanRecord(Path("x.png"), Modality.XRAY))
    masked = [
        CaseRecord("1", "", CHEST, "train", both, ("Nodule",), source="masked"),
        CaseRecord("2", "", CHEST, "train", both[1:], ("Normal",), source="masked"),
    ]
    covered = {d.name: set(d.coverage) for d in describe_disorders(label_space(masked), masked, CARD)}
    assert covered["Nodule"] == {Coverage(Modality.CT, CHEST)}
    # What is normal is learned from every scan of the source.
    assert covered["Normal"] == {Coverage(Modality.CT, CHEST), Coverage(Modality.XRAY, CHEST)}
    beside = [record(3, "other", CHEST, "Nodule", Modality.XRAY), *masked]
    covered = {d.name: set(d.coverage) for d in describe_disorders(label_space(beside), beside, CARD)}
    assert covered["Nodule"] == {Coverage(Modality.CT, CHEST), Coverage(Modality.XRAY, CHEST)}
