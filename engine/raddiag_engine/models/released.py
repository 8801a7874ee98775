"""Turns the authors' published weights into a model folder (`raddiag models import`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ConfigError, ModelError
from raddiag_engine.models.card import Coverage, Disorder, ModelCard, Tier, TrainingSource
from raddiag_engine.models.checkpoint import open_checkpoint
from raddiag_engine.models.folder import refuse_foreign_folder, save_model
from raddiag_engine.models.icd10cm_matching import match_by_name
from raddiag_engine.models.labels import read_codes, read_labels
from raddiag_engine.models.network_from_weights import build_network
from raddiag_engine.network.config import FusionConfig, HeadConfig, NetworkConfig, SliceAttentionConfig
from raddiag_engine.network.released_names import our_name
from raddiag_engine.preparation.config import PreparationConfig

MAX_SCANS = 4
# Classes are ordered by number of cases: number of classes -> first medium class, first tail class.
TIER_BOUNDARIES = {5569: (85, 555), 931: (165, 395)}
# 10 is "annotated image", the only trained embedding that is not tied to one way of imaging.
MODALITY_IDS = {
    "unknown": (10,),
    "CT": (1, 2, 3),
    "MRI": (4, 5, 6),
    "X-ray": (7, 8),
    "ultrasound": (9,),
    "fluoroscopy": (11,),
    "mammography": (12,),
    "DSA": (13,),
    "nuclear medicine": (14,),
    "barium enema": (15,),
}
REPORTED_AUC = {"test AUC, head": 0.9441, "test AUC, medium": 0.9514, "test AUC, tail": 0.9096}


def import_released(
    checkpoint: Path,
    labels: Path,
    output: Path,
    *,
    icd: Path | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> ModelCard:
    """Turn a released `pytorch_model.bin` into a model folder.

    Args:
        checkpoint: The authors' file; read in a child process that knows tensors only.
        labels: Their `disorder_label_dict.json`: disorder name -> class index.
        output: The model folder to write.
        icd: JSON, disorder name -> ICD-10-CM code or list of codes. Without it codes are matched by name against the
            tabular list and marked as such; what has no match has no code.
        progress: Called with steps done, steps to do and what is being done.

    Returns:
        The card as written.

    Raises:
        ConfigError: A label or code file is not as described.
        ModelError: The checkpoint is missing, damaged, unsafe, of another architecture or of another number of
            classes, or the output cannot be written. Nothing is written then.
    """
    refuse_foreign_folder(output)
    names = read_labels(labels)
    codes = read_codes(icd) if icd is not None else None
    if icd is not None and codes is not None and not codes.keys() & set(names):
        raise ConfigError(f"{icd}: names none of the {len(names)} classes of {labels}")
    progress(0, 3, "reading the checkpoint")
    with open_checkpoint(checkpoint, scratch=_nearest_existing(output)) as tensors:
        progress(1, 3, "checking the weights")
        classifier = tensors.get("fc.2.weight")
        if classifier is None or classifier.ndim != 2:
            fault = "is missing" if classifier is None else f"has {classifier.ndim} axes and not 2"
            raise ModelError(f"{checkpoint}: not a released RadDiag checkpoint: 'fc.2.weight' {fault}")
        if classifier.shape[0] != len(names):
            raise ModelError(
                f"{labels}: names {len(names)} classes but {checkpoint.name} has {classifier.shape[0]}; "
                "use the label file that belongs to these weights"
            )
        card = released_card(names, codes)
        state = {ours: tensor for name, tensor in tensors.items() if (ours := our_name(name)) is not None}
        network = build_network(card, state, checkpoint)
    progress(2, 3, "writing the model")
    written = save_model(output, card, network)
    progress(3, 3, "writing the model")
    return written


def released_card(names: tuple[str, ...], codes: Mapping[str, tuple[str, ...]] | None = None) -> ModelCard:
    """The card of the released model.

    Args:
        names: The classes in the order of the logits.
        codes: ICD-10-CM codes by name; None matches them by name.
    """
    known_order = len(names) in TIER_BOUNDARIES
    return ModelCard(
        name=f"raddiag-{len(names)}",
        description=(
            "The RadDiag network that its authors released (slice-wise ResNet-50, fusion of up to 4 scans). "
            "No thresholds and no calibration were released with it. "
            + ("Tiers by the released order of classes." if known_order else "Number of training cases not known.")
        ),
        network=released_network_config(len(names)),
        preparation=released_preparation_config(),
        disorders=tuple(_disorder(index, name, len(names), codes) for index, name in enumerate(names)),
        coverage=tuple(Coverage(m, Anatomy.UNKNOWN) for m in Modality if m is not Modality.UNKNOWN),
        max_scans=MAX_SCANS,
        licence="MIT (the authors' release)",
        sources=(TrainingSource("RP3D-DiagDS (Radiopaedia, MISTR)", 40936, True, "see the data set's own terms"),),
        shortcuts=("not looked for in the release",),
        evaluation=dict(REPORTED_AUC) if len(names) == 5569 else {},
    )


def released_network_config(classes: int) -> NetworkConfig:
    """The released architecture."""
    return NetworkConfig(
        encoder="slice_attention",
        embedding_width=2048,
        input_channels=3,
        classes=classes,
        slice_attention=SliceAttentionConfig(width=64, blocks=(3, 4, 6, 3), max_slices=32),
        fusion=FusionConfig(kind="transformer", layers=2, heads=4, modalities=16, block="released"),
        head=HeadConfig(kind="mlp"),
    )


def released_preparation_config() -> PreparationConfig:
    """The preparation of the release: 8-bit windowed values, 256 px, at most 32 slices, one min-max over the series."""
    return PreparationConfig(
        image_size_px=256,
        volume_size_px=256,
        depth=32,
        depth_rule="subsample",
        image_slices=3,
        windowing="window",
        quantise_8bit=True,
        range_over="case",
        mask_padding=False,
        antialias=False,
        modality_ids=MODALITY_IDS,
    )


def tier_of(index: int, classes: int) -> Tier:
    """Head, medium or tail by the released order; "tail", the least trusted, where the order is not known."""
    first_medium, first_tail = TIER_BOUNDARIES.get(classes, (0, 0))
    if index < first_medium:
        return "head"
    return "medium" if index < first_tail else "tail"


def _disorder(index: int, name: str, classes: int, codes: Mapping[str, tuple[str, ...]] | None) -> Disorder:
    normal = name.strip().lower() == "normal"
    matched = codes is None and not normal
    found = match_by_name(name) if matched else (codes or {}).get(name, ())
    return Disorder(
        name=name,
        icd10cm=() if normal else found,
        tier=tier_of(index, classes),
        normal=normal,
        icd10cm_matched_by_name=matched and bool(found),
        learned_from="real",
    )


def _nearest_existing(path: Path) -> Path:
    return next(parent for parent in path.absolute().parents if parent.is_dir())
