"""Three plots of a diagnosis, drawn with matplotlib in the colours of the panel. Knows no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from napari_raddiag.widgets.colours import Colours
from raddiag_engine.diagnosis.result import Diagnosis, DisorderScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 10
LONGEST_NAME = 26
BINS = 20


def draw_scores(axes: Axes, diagnosis: Diagnosis, colours: Colours) -> None:
    """The first disorders that were assessed, as bars with their thresholds; the positive ones are hatched too."""
    scores = [score for score in diagnosis.disorders if score.state != "not assessed"][:MOST_BARS]
    _title(axes, "Score and threshold", colours)
    if not scores:
        _say(axes, "nothing assessed", colours)
        return
    places = range(len(scores))
    bars = axes.barh(
        places,
        [score.probability for score in scores],
        color=[colours.positive if score.state == "positive" else colours.negative for score in scores],
        height=0.62,
    )
    for bar, score in zip(bars, scores, strict=True):
        if score.state == "positive":
            bar.set(hatch="///", edgecolor=colours.background, linewidth=0)
    thresholds = [score.threshold for score in scores]
    axes.scatter(thresholds, places, marker="|", s=160, linewidths=2, color=colours.text, zorder=3)
    axes.set_yticks(places, [_short(score.name) for score in scores])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("| threshold      hatched: positive")


def draw_contributions(
    axes: Axes, score: DisorderScore | None, scan_names: Mapping[str, str], colours: Colours
) -> None:
    """How far the logit of one disorder falls without each scan."""
    _title(axes, f"Per scan: {_short(score.name)}" if score else "Contribution per scan", colours)
    if score is None or not score.contributions:
        _say(axes, "one scan only: nothing to compare" if score else "no disorder chosen", colours)
        return
    ids = [scan_id for scan_id in scan_names if scan_id in score.contributions]
    ids += [scan_id for scan_id in score.contributions if scan_id not in scan_names]
    values = [score.contributions[scan_id] for scan_id in ids]
    axes.barh(
        range(len(ids)),
        values,
        color=[colours.positive if value >= 0 else colours.against for value in values],
        height=0.62,
    )
    axes.axvline(0, color=colours.muted, linewidth=1)
    axes.set_yticks(range(len(ids)), [_short(scan_names.get(scan_id, scan_id)) for scan_id in ids])
    axes.invert_yaxis()
    axes.set_xlabel("< against     change of the logit     for >")


def draw_histogram(axes: Axes, diagnosis: Diagnosis, colours: Colours) -> None:
    """Scores of all classes that were assessed; what was not assessed is counted in words, since it has no score."""
    scores = diagnosis.disorders
    assessed = [score.probability for score in scores if score.state != "not assessed"]
    positive = [score.probability for score in scores if score.state == "positive"]
    _title(axes, "Scores of all classes", colours)
    if not assessed:
        _say(axes, "nothing assessed", colours)
        return
    edges = [place / BINS for place in range(BINS + 1)]
    counts, _, _ = axes.hist(assessed, bins=edges, color=colours.negative)
    axes.hist(positive, bins=edges, color=colours.positive, hatch="///", edgecolor=colours.background)
    # One positive beside thousands of negatives must be seen.
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    highest = int(max(counts))  # type: ignore[arg-type] # one histogram, so one row of counts
    ticks = sorted({0, 1, *(10**power for power in range(1, 5) if 10**power < highest), highest})
    axes.set_yticks(ticks, [str(tick) for tick in ticks], minor=False)
    axes.minorticks_off()
    axes.set_xlim(0, 1)
    given = f"{len(assessed)} of {diagnosis.assessed} assessed shown" if len(assessed) < diagnosis.assessed else ""
    axes.set_xlabel(
        "    ".join(part for part in ("hatched: positive", given, f"not assessed: {diagnosis.not_assessed}") if part)
    )
    axes.set_ylabel("classes")


def draw_all(
    figure: Figure,
    diagnosis: Diagnosis | None,
    chosen: DisorderScore | None,
    scan_names: Mapping[str, str],
    colours: Colours,
) -> None:
    """The three plots below one another; empty without a diagnosis."""
    figure.clear()
    figure.set_facecolor(colours.background)
    if diagnosis is None:
        return
    bars = min(MOST_BARS, max(1, sum(score.state != "not assessed" for score in diagnosis.disorders)))
    ratios = [1.2 + 0.25 * bars, 1.2 + 0.25 * max(1, len(scan_names)), 2.6]
    axes_list: Sequence[Any] = figure.subplots(3, 1, height_ratios=ratios)
    draw_scores(axes_list[0], diagnosis, colours)
    draw_contributions(axes_list[1], chosen, scan_names, colours)
    draw_histogram(axes_list[2], diagnosis, colours)
    for axes in axes_list:
        _follow_theme(axes, colours)


def _follow_theme(axes: Axes, colours: Colours) -> None:
    axes.set_facecolor(colours.background)
    axes.tick_params(colors=colours.text, labelsize="small")
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=colours.muted, fontsize="small")
    for side, spine in axes.spines.items():
        spine.set(color=colours.line, visible=side in ("left", "bottom"))


def _title(axes: Axes, text: str, colours: Colours) -> None:
    axes.set_title(text, color=colours.text, fontsize="medium", loc="left")


def _say(axes: Axes, text: str, colours: Colours) -> None:
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, text, color=colours.muted, ha="center", va="center", transform=axes.transAxes)


def _short(name: str) -> str:
    # A "$" would be the beginning of a formula to matplotlib.
    name = name.replace("$", r"\$")
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3].rstrip()}..."
