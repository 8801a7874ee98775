"""A tiny model with random weights, and cases of random voxels, for tests of the engine's behaviour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from raddiag_engine.cases import Anatomy, Case, Identity, Modality, Plane, Scan, Window
from raddiag_engine.diagnosis.device import place
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.models.card import Calibration, Coverage, Disorder, ModelCard, OperatingPoint
from raddiag_engine.models.folder import load_model, save_model
from raddiag_engine.network.config import FusionConfig, NetworkConfig, ResNetConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.preparation.config import PreparationConfig

HEAD_MRI = Coverage(Modality.MRI, Anatomy.HEAD_AND_NECK)
CHEST_XRAY = Coverage(Modality.XRAY, Anatomy.CHEST)
ANY_CT = Coverage(Modality.CT, Anatomy.UNKNOWN)


def point(threshold: float, specificity: float = 0.9, positives: int = 50) -> OperatingPoint:
    return OperatingPoint(threshold, 0.8, specificity, positives)


DISORDERS = (
    Disorder("Glioma", ("C71.9",), "head", coverage=(HEAD_MRI,), operating_point=point(0.5)),
    Disorder("Meningioma", ("D32.9",), "medium", coverage=(HEAD_MRI,), operating_point=point(0.6, 0.75)),
    Disorder("Pneumonia", ("J18.9",), "head", coverage=(CHEST_XRAY, ANY_CT), operating_point=point(0.4, 0.95)),
    Disorder("Intracranial haemorrhage", ("I62.9",), "tail", coverage=(ANY_CT,), operating_point=point(0.5, 0.9, 4)),
    Disorder("Cardiomegaly", ("I51.7",), "tail", coverage=(CHEST_XRAY,), calibration=Calibration(2.0, -1.0)),
    Disorder("Normal", normal=True, operating_point=point(0.5)),
)


def tiny_card(
    max_scans: int | None = None,
    disorders: tuple[Disorder, ...] = DISORDERS,
    preparation: PreparationConfig | None = None,
    fusion: FusionConfig | None = None,
) -> ModelCard:
    resnet = ResNetConfig(10, 10, 4, 4, depth_strides=(1, 1, 1, 1, 1, 1))
    network = NetworkConfig(
        embedding_width=16,
        classes=len(disorders),
        resnet=resnet,
        fusion=fusion or FusionConfig(layers=2, heads=2),
    )
    preparation = preparation or PreparationConfig(image_size_px=32, volume_size_px=32, depth=4)
    coverage = (HEAD_MRI, CHEST_XRAY, ANY_CT)
    return ModelCard("tiny", "For tests.", network, preparation, disorders, coverage, max_scans)


def tiny_engine(folder: Path, card: ModelCard | None = None, gain: float = 1.0) -> Engine:
    """An engine with a model that was written to and loaded from `folder`; `gain` spreads its logits."""
    torch.manual_seed(0)
    card = card or tiny_card()
    network = RadDiag(card.network).eval()
    with torch.no_grad():
        # Newly made fusion tables are small; larger ones make modality and scans matter visibly.
        for parameter in network.head.parameters():
            parameter.mul_(gain)
    save_model(folder, card, network)
    return Engine(load_model(folder), place("cpu"))


def scan(
    scan_id: str,
    modality: Modality = Modality.MRI,
    anatomy: Anatomy = Anatomy.HEAD_AND_NECK,
    slices: int = 0,
    plane: Plane = Plane.AXIAL,
    patient: str = "",
    usable: bool = True,
    reason: str | None = None,
) -> Scan:
    """A scan of random voxels that depend on its id alone; an image if `slices` is 0."""
    rng = np.random.default_rng(list(scan_id.encode()))
    shape = (slices, 24, 20) if slices else (24, 20)
    return Scan(
        id=scan_id,
        kind="volume" if slices else "image",
        voxels=rng.normal(100, 40, shape).astype(np.float32),
        modality=modality,
        anatomy=anatomy,
        plane=plane,
        windows=(Window(100, 200),),
        identity=Identity(patient_id=patient),
        usable=usable,
        reason=reason,
    )


def case(*scans: Scan) -> Case:
    return Case(scans)
