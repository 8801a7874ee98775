"""Fits the input score to scans that the network was not trained on."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

from raddiag_engine.diagnosis.input_score import InputScore, ScoreGroup, raw_features
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Coverage


@dataclass(frozen=True)
class InputScoreFit:
    """How the input score is fitted.

    Attributes:
        components: Principal components kept of the embedding, at most.
        false_flags: Share of scans like the validation scans that may be flagged.
        folds: Parts for cross-fitting.
        fewest_scans: Smaller groups are left out; their scans will be flagged as not covered.
    """

    components: int = 8
    false_flags: float = 0.02
    folds: int = 5
    fewest_scans: int = 8


@dataclass(frozen=True)
class _GroupKey:
    coverage: Coverage
    is_volume: bool
    source: str


def fit_input_score(
    embeddings_NC: NDArray[np.floating],
    descriptors_NF: NDArray[np.floating],
    coverages: Sequence[Coverage],
    *,
    sources: Sequence[str] | None = None,
    patients: Sequence[str] | None = None,
    config: InputScoreFit | None = None,
) -> InputScore:
    """Fit mean, shrunk covariance and threshold of every group of validation scans.

    Thresholds come from cross-fitting: each scan's distance is taken to a group fitted without its part of the data,
    or a group of 30 scans in 50 dimensions would seem far tighter than it is.

    Args:
        embeddings_NC: Scan embeddings of scans the network was not trained on.
        descriptors_NF: Their input descriptors.
        coverages: Modality and anatomy of each scan.
        sources: Data set of each scan; scans of several sources make groups of their own (real scans and phantoms).
        patients: Patient, or cluster of near-duplicates, of each scan; kept together in cross-fitting.
        config: See `InputScoreFit`.

    Raises:
        ConfigError: No group has enough scans, or a value is not finite.
    """
    config = config or InputScoreFit()
    if not (np.isfinite(embeddings_NC).all() and np.isfinite(descriptors_NF).all()):
        raise ConfigError("input score: an embedding or descriptor is not finite; check the validation scans")
    rows_by_group = _rows_by_group(descriptors_NF, coverages, sources, config.fewest_scans)
    kept = np.concatenate(list(rows_by_group.values()))
    balance = np.concatenate([np.full(len(rows), 1 / len(rows)) for rows in rows_by_group.values()])
    mean_C, axes_CK = _principal_axes(embeddings_NC[kept].astype(np.float64), balance, config.components)
    raw_NP = raw_features(embeddings_NC, descriptors_NF, mean_C, axes_CK)
    centre_P = np.average(raw_NP[kept], axis=0, weights=balance)
    scale_P = np.sqrt(np.average((raw_NP[kept] - centre_P) ** 2, axis=0, weights=balance))
    scale_P = np.maximum(scale_P, 1e-3)
    features_NP = (raw_NP - centre_P) / scale_P

    parts = _parts(patients or [str(i) for i in range(len(coverages))], config.folds)
    means, whitenings, thresholds = [], [], []
    for rows in rows_by_group.values():
        mean_P, whitening_PP = _fit_group(features_NP[rows])
        means.append(mean_P)
        whitenings.append(whitening_PP)
        thresholds.append(_threshold(_cross_fitted_distances(features_NP[rows], parts[rows]), config.false_flags))
    return InputScore(
        groups=tuple(ScoreGroup(key.coverage, key.is_volume, len(rows)) for key, rows in rows_by_group.items()),
        embedding_mean_C=mean_C.astype(np.float32),
        embedding_axes_CK=axes_CK.astype(np.float32),
        feature_mean_P=centre_P.astype(np.float32),
        feature_scale_P=scale_P.astype(np.float32),
        means_GP=np.array(means, dtype=np.float32),
        whitenings_GPP=np.array(whitenings, dtype=np.float32),
        thresholds_G=np.array(thresholds, dtype=np.float32),
    )


def shrunk_covariance(deviations_NP: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of centred data, shrunk towards a multiple of the identity.

    The amount is that of Ledoit and Wolf, J Multivar Anal 88 (2004) 365, lemma 3.2 to 3.4.
    """
    count, size = deviations_NP.shape
    covariance = deviations_NP.T @ deviations_NP / count
    level = np.trace(covariance) / size
    # Squared Frobenius distances: of the sample covariance to its target, and its own expected error.
    to_target = (covariance**2).sum() - size * level**2
    error = ((deviations_NP**2).sum(axis=1) ** 2).sum() / count**2 - (covariance**2).sum() / count
    amount = 1.0 if to_target <= 0 else float(np.clip(error / to_target, 0, 1))
    return np.asarray((1 - amount) * covariance + amount * level * np.eye(size))


def _rows_by_group(
    descriptors_NF: NDArray[np.floating],
    coverages: Sequence[Coverage],
    sources: Sequence[str] | None,
    fewest_scans: int,
) -> dict[_GroupKey, NDArray[np.intp]]:
    rows: defaultdict[_GroupKey, list[int]] = defaultdict(list)
    for i, coverage in enumerate(coverages):
        rows[_GroupKey(coverage, bool(descriptors_NF[i, 0] > 0.5), sources[i] if sources else "")].append(i)
    large = {key: np.array(group) for key, group in rows.items() if len(group) >= fewest_scans}
    if not large:
        raise ConfigError(f"input score: no modality and anatomy has {fewest_scans} validation scans; add some")
    return large


def _principal_axes(
    embeddings_NC: NDArray[np.float64], weights_N: NDArray[np.float64], most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (C,) and leading axes (C, K), every group counting alike."""
    mean_C = np.average(embeddings_NC, axis=0, weights=weights_N)
    weighted_NC = (embeddings_NC - mean_C) * np.sqrt(weights_N / weights_N.sum())[:, None]
    _, strengths, axes = np.linalg.svd(weighted_NC, full_matrices=False)
    count = min(most, len(mean_C) - 1, int((strengths > 1e-6 * strengths[0]).sum()))
    return mean_C, axes[:count].T


def _parts(patients: Sequence[str], folds: int) -> NDArray[np.intp]:
    """Part of each scan, the same for all scans of a patient and on every machine."""
    return np.array([int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % folds for name in patients])


def _fit_group(features_NP: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (P,) and whitening W (P, P), W' W = inverse covariance."""
    mean_P = features_NP.mean(axis=0)
    covariance_PP = shrunk_covariance(features_NP - mean_P)
    # A group without any spread still needs a width to measure by.
    covariance_PP += 1e-4 * np.eye(len(mean_P))
    return mean_P, np.linalg.inv(np.linalg.cholesky(covariance_PP))


def _cross_fitted_distances(features_NP: NDArray[np.float64], parts_N: NDArray[np.intp]) -> NDArray[np.float64]:
    """Distance of each scan to its group fitted on the other parts."""
    distances = np.empty(len(features_NP))
    for part in np.unique(parts_N):
        inside = parts_N == part
        others = ~inside if (~inside).sum() >= 2 else np.ones(len(inside), dtype=bool)
        mean_P, whitening_PP = _fit_group(features_NP[others])
        distances[inside] = np.linalg.norm((features_NP[inside] - mean_P) @ whitening_PP.T, axis=1)
    return distances


def _threshold(distances: NDArray[np.float64], false_flags: float) -> float:
    """Distance that a further scan exceeds with probability `false_flags`.

    The larger of the empirical quantile and the prediction bound of a log-normal fit, which does not end at the
    largest of a few distances.
    """
    logs = np.log(np.maximum(distances, 1e-6))
    count = len(logs)
    margin = student_t.ppf(1 - false_flags, count - 1) * logs.std(ddof=1) * np.sqrt(1 + 1 / count)
    return float(max(np.quantile(distances, 1 - false_flags), np.exp(logs.mean() + margin)))
