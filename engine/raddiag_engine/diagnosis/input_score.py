"""Whether a scan is like those the model learned from: a Mahalanobis distance to each group of scans it covers.

After Lee et al., "A simple unified framework for detecting out-of-distribution samples", NeurIPS 2018, with low-level
descriptors of the input beside the embedding. NumPy only; fitted by raddiag_train.evaluation.input_score_fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ModelError
from raddiag_engine.models.card import Coverage

PREFIX = "input_score."
_ARRAYS = (
    "embedding_mean_C",
    "embedding_axes_CK",
    "feature_mean_P",
    "feature_scale_P",
    "means_GP",
    "whitenings_GPP",
    "thresholds_G",
)


@dataclass(frozen=True)
class ScoreGroup:
    """Scans that are described by one mean and covariance.

    Attributes:
        coverage: Modality and anatomy; several groups may share them if their sources differ.
        is_volume: Volumes and images are kept apart.
        scans: Number of scans it was fitted on.
    """

    coverage: Coverage
    is_volume: bool
    scans: int


@dataclass(frozen=True)
class InputAssessment:
    """What the input score says of one scan.

    Attributes:
        out_of_distribution: True if the scan is unlike those the model saw, or of a kind it never saw.
        score: Mahalanobis distance to the nearest group it may belong to.
        threshold: Distance above which a scan of that group is flagged.
        recognised: Modality and anatomy of that group.
    """

    out_of_distribution: bool
    score: float
    threshold: float
    recognised: Coverage


@dataclass(frozen=True, eq=False)
class InputScore:
    """The fitted score. C is the embedding width, K the axes kept of it, F descriptors, G groups, P = K + F features.

    Attributes:
        groups: The groups, in the order of the arrays.
        embedding_mean_C: Mean embedding.
        embedding_axes_CK: Principal axes, orthonormal columns.
        feature_mean_P: Mean of the features over all groups.
        feature_scale_P: Their standard deviations.
        means_GP: Mean features of each group.
        whitenings_GPP: W with W' W = inverse of the shrunk covariance.
        thresholds_G: Greatest distance that is not flagged.
    """

    groups: tuple[ScoreGroup, ...]
    embedding_mean_C: NDArray[np.float32]
    embedding_axes_CK: NDArray[np.float32]
    feature_mean_P: NDArray[np.float32]
    feature_scale_P: NDArray[np.float32]
    means_GP: NDArray[np.float32]
    whitenings_GPP: NDArray[np.float32]
    thresholds_G: NDArray[np.float32]

    def assess(
        self, embedding_C: ArrayLike, descriptors_F: ArrayLike, modality: Modality, anatomy: Anatomy
    ) -> InputAssessment:
        """Compare one scan with the groups it may belong to.

        A known modality and anatomy leave their own groups; an unknown one leaves all of it open, and the group that
        is nearest in units of its threshold decides. Where no group fits, the scan is of a kind the model never saw:
        it is flagged, and the nearest group of any kind is named.
        """
        embeddings = np.asarray(embedding_C, dtype=np.float64)[None]
        described = np.asarray(descriptors_F, dtype=np.float64)[None]
        distances_G = self.distances(embeddings, described)[0]
        ratios_G = distances_G / self.thresholds_G
        is_volume = bool(described[0, 0] > 0.5)
        fitting = [i for i, group in enumerate(self.groups) if _fits(group, modality, anatomy, is_volume)]
        nearest = min(fitting or range(len(self.groups)), key=lambda i: float(ratios_G[i]))
        return InputAssessment(
            out_of_distribution=not fitting or not ratios_G[nearest] <= 1,
            score=float(distances_G[nearest]),
            threshold=float(self.thresholds_G[nearest]),
            recognised=self.groups[nearest].coverage,
        )

    def distances(
        self, embeddings_NC: NDArray[np.floating], descriptors_NF: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Mahalanobis distances (N, G) of scans to all groups."""
        raw_NP = raw_features(embeddings_NC, descriptors_NF, self.embedding_mean_C, self.embedding_axes_CK)
        features_NP = (raw_NP - self.feature_mean_P) / self.feature_scale_P
        deviations_GNP = features_NP[None] - self.means_GP[:, None]
        white_GNP = deviations_GNP @ self.whitenings_GPP.transpose(0, 2, 1).astype(np.float64)
        return np.asarray(np.linalg.norm(white_GNP, axis=2).T)

    def to_tensors(self) -> dict[str, NDArray[np.generic]]:
        """Arrays for a model's safetensors file, each name beginning "input_score."; keep them in float32."""
        table = [[g.coverage.modality, g.coverage.anatomy, g.is_volume, g.scans] for g in self.groups]
        names = np.frombuffer(json.dumps(table).encode(), dtype=np.uint8).copy()
        return {PREFIX + "groups": names, **{PREFIX + name: getattr(self, name) for name in _ARRAYS}}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, ArrayLike]) -> InputScore:
        """The score held by `to_tensors`; tensors of other parts of the model are passed over.

        Raises:
            ModelError: A tensor is missing, of another shape or not finite.
        """
        missing = [name for name in ("groups", *_ARRAYS) if PREFIX + name not in tensors]
        if missing:
            raise ModelError(f"the model's input score lacks {PREFIX}{missing[0]}; fetch the model again")
        try:
            table = json.loads(bytes(np.asarray(tensors[PREFIX + "groups"], dtype=np.uint8)))
            groups = tuple(ScoreGroup(Coverage(Modality(m), Anatomy(a)), bool(v), int(n)) for m, a, v, n in table)
        except (ValueError, TypeError) as error:
            raise ModelError(f"the model's input score has an unreadable list of groups ({error})") from error
        arrays = {name: np.asarray(tensors[PREFIX + name], dtype=np.float32) for name in _ARRAYS}
        score = cls(groups=groups, **arrays)
        score._check()
        return score

    def _check(self) -> None:
        count, size = len(self.groups), len(self.feature_mean_P)
        expected = {
            "embedding_axes_CK": (len(self.embedding_mean_C), self.embedding_axes_CK.shape[-1]),
            "feature_scale_P": (size,),
            "means_GP": (count, size),
            "whitenings_GPP": (count, size, size),
            "thresholds_G": (count,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                found = getattr(self, name).shape
                raise ModelError(f"the model's input score has {PREFIX}{name} of shape {found}, not {shape}")
        for name in _ARRAYS:
            if not np.isfinite(getattr(self, name)).all():
                raise ModelError(f"the model's input score has values in {PREFIX}{name} that are not finite")


def raw_features(
    embeddings_NC: NDArray[np.floating],
    descriptors_NF: NDArray[np.floating],
    embedding_mean_C: NDArray[np.floating],
    embedding_axes_CK: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Features (N, P) before they are scaled: principal components, what these leave of the embedding, descriptors.

    The first descriptor only says whether a scan is a volume; it selects the group and is no feature.
    """
    centred_NC = np.asarray(embeddings_NC, dtype=np.float64) - embedding_mean_C
    components_NK = centred_NC @ embedding_axes_CK
    residual_N = np.linalg.norm(centred_NC - components_NK @ embedding_axes_CK.T, axis=1)
    return np.concatenate([components_NK, np.log(residual_N + 1e-6)[:, None], descriptors_NF[:, 1:]], axis=1)


def _fits(group: ScoreGroup, modality: Modality, anatomy: Anatomy, is_volume: bool) -> bool:
    return (
        group.is_volume == is_volume
        and modality in (Modality.UNKNOWN, group.coverage.modality)
        and anatomy in (Anatomy.UNKNOWN, group.coverage.anatomy)
    )
