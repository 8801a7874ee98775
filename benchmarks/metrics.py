"""Speed of the evaluation of a long-tailed test set, against scikit-learn in a loop and a bootstrap in a loop.

    python benchmarks/metrics.py [--cases 7772] [--classes 5569] [--resamples 1000] [--loop-classes N]

The reference loop is timed on some of the classes, evenly spaced over the tiers, and counted up where it is not run
whole (`--loop-classes 0` runs it whole). Times are processor seconds of one process. Written to
results/metrics.json.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, matthews_corrcoef, roc_auc_score, roc_curve

from raddiag_train.evaluation.bootstrap import resample_counts
from raddiag_train.evaluation.metrics import FALSE_POSITIVE_RATES, confusion_rates, ranking_metrics
from raddiag_train.evaluation.resampled_metrics import mean_over_classes, resample_curves, resampled_metrics
from raddiag_train.evaluation.roc_bands import roc_bands

RESULTS = Path(__file__).parent / "results" / "metrics.json"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=7772)
    parser.add_argument("--classes", type=int, default=5569)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--loop-classes", type=int, default=0)
    parser.add_argument("--loop-resamples", type=int, default=20)
    args = parser.parse_args()
    scores_NK, targets_NK, thresholds_K = made_up(args.cases, args.classes)
    evaluated = np.flatnonzero(targets_NK.any(0))
    looped = evaluated if not args.loop_classes else evaluated[:: max(1, len(evaluated) // args.loop_classes)]

    clock = time.process_time()
    ours = evaluation(scores_NK, targets_NK, thresholds_K)
    ours_s = time.process_time() - clock
    clock = time.process_time()
    reference = [of_one_class(scores_NK[:, k], targets_NK[:, k], thresholds_K[k]) for k in looped]
    loop_s = (time.process_time() - clock) * len(evaluated) / len(looped)
    difference = max(float(np.abs(ours[n][looped] - [row[n] for row in reference]).max()) for n in reference[0])
    del reference

    clock = time.process_time()
    counts_RN = resample_counts(args.cases, args.resamples)
    curves = resample_curves(scores_NK, targets_NK, thresholds_K, counts_RN)
    drawn = resampled_metrics(curves)
    intervals = {name: mean_over_classes(values) for name, values in drawn.items()}
    bootstrap_s = time.process_time() - clock
    clock = time.process_time()
    roc_bands(curves, drawn["auc"], tiers(args.classes))
    bands_s = time.process_time() - clock
    few = evaluated[:: max(1, len(evaluated) // 10)][:10]
    clock = time.process_time()
    for k in few:
        for row in counts_RN[: args.loop_resamples]:
            rows = np.repeat(np.arange(args.cases), row.astype(int))
            if 0 < targets_NK[rows, k].sum() < len(rows):
                of_one_class(scores_NK[rows, k], targets_NK[rows, k], thresholds_K[k])
    per_resample_s = (time.process_time() - clock) / len(few) / args.loop_resamples
    bootstrap_loop_s = per_resample_s * args.resamples * len(evaluated)
    result: dict[str, Any] = {
        "cases": args.cases,
        "classes": args.classes,
        "classes_with_positives": len(evaluated),
        "evaluation_s": round(ours_s, 2),
        "scikit_learn_loop_s": round(loop_s, 1),
        "scikit_learn_loop_classes_run": len(looped),
        "times_faster": round(loop_s / ours_s, 1),
        "greatest_difference": difference,
        "resamples": args.resamples,
        "bootstrap_s": round(bootstrap_s, 1),
        "bootstrap_loop_s_extrapolated": round(bootstrap_loop_s),
        "bootstrap_times_faster": round(bootstrap_loop_s / bootstrap_s),
        "roc_bands_s": round(bands_s, 1),
        "macro_auc_interval": [float(q) for q in np.quantile(intervals["auc"], [0.025, 0.975])],
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


def made_up(cases: int, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, targets and thresholds of a long tail such as the paper's: from hundreds of positives to one or none."""
    generator = np.random.default_rng(0)
    frequency = 1 / np.arange(1, classes + 1) ** 1.05
    expected = np.clip(frequency / frequency[84] * 20, 0.85, cases / 3)  # class 85 has 100 of 38,858 cases
    targets_NK = generator.random((cases, classes), dtype=np.float32) < (expected / cases).astype(np.float32)
    scores_NK = generator.standard_normal((cases, classes), dtype=np.float32)
    scores_NK[targets_NK] += 2
    probabilities_NK = 1 / (1 + np.exp(4 - scores_NK))
    thresholds_K = np.full(classes, 0.12, dtype=np.float32)
    return probabilities_NK, targets_NK, thresholds_K


def tiers(classes: int) -> dict[str, np.ndarray]:
    """The paper's tiers: 85 head, 470 medium, the others tail."""
    indices = np.arange(classes)
    return {"head": indices[:85], "medium": indices[85:555], "tail": indices[555:]}


def evaluation(scores_NK: np.ndarray, targets_NK: np.ndarray, thresholds_K: np.ndarray) -> dict[str, np.ndarray]:
    """All metrics of all classes, and their means over the three tiers."""
    ranking = ranking_metrics(scores_NK, targets_NK)
    rates = confusion_rates(scores_NK, targets_NK, thresholds_K)
    found = {
        "auc": ranking.auc,
        "average_precision": ranking.average_precision,
        "f1": rates["f1"],
        "mcc": rates["mcc"],
        **{f"recall_at_fpr_{rate}": values for rate, values in ranking.recall_at_fpr.items()},
    }
    for classes in tiers(scores_NK.shape[1]).values():
        for values in found.values():
            np.nanmean(values[classes])
    return found


def of_one_class(scores_N: np.ndarray, targets_N: np.ndarray, threshold: float) -> dict[str, float]:
    """The same of one class, by scikit-learn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        called_N = scores_N >= threshold
        fpr, tpr, _ = roc_curve(targets_N, scores_N, drop_intermediate=False)
        return {
            "auc": float(roc_auc_score(targets_N, scores_N)),
            "average_precision": float(average_precision_score(targets_N, scores_N)),
            "f1": float(f1_score(targets_N, called_N)),
            "mcc": float(matthews_corrcoef(targets_N, called_N)),
            **{f"recall_at_fpr_{rate}": float(tpr[fpr <= rate].max()) for rate in FALSE_POSITIVE_RATES},
        }


if __name__ == "__main__":
    main()
