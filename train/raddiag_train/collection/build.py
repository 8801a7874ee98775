"""The whole way from raw records to a data set, one stage after the other, as far as answers and sheets allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from raddiag_engine.errors import ConfigError
from raddiag_train.collection.article import Article
from raddiag_train.collection.article_filter import ArticleFilter, Verdict
from raddiag_train.collection.chat_endpoint import ChatEndpoint
from raddiag_train.collection.code_sheet import NO_CODE
from raddiag_train.collection.counts import Counts, StageCount, count_stage, write_counts
from raddiag_train.collection.counts_plot import plot_counts
from raddiag_train.collection.decision_log import Decision, DecisionLog
from raddiag_train.collection.filter_check import FilterQuality, draw_sample, quality_of
from raddiag_train.collection.icd10cm_candidates import Ranking, candidates_of
from raddiag_train.collection.mapping import Mapped, map_disorders
from raddiag_train.collection.patience import Patience
from raddiag_train.collection.raw_records import Collection, RawCase
from raddiag_train.collection.result_files import records_of, write_result
from raddiag_train.collection.settings import BuildSettings
from raddiag_train.collection.yes_or_no_sheet import SheetState, read_answers

Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


@dataclass(frozen=True)
class Asking:
    """How the article filter reaches its endpoint.

    Attributes:
        endpoint: Made when there is something to ask.
        patience: With it.
        concurrency: Questions at once.
    """

    endpoint: Callable[[], ChatEndpoint]
    patience: Patience
    concurrency: int


@dataclass(frozen=True)
class BuildState:
    """How far a build is.

    Attributes:
        counts: Of the stages that are done.
        open_sheets: To be filled in before it goes on.
        unasked: Articles that need an endpoint, which was not given.
        result: Folder of the data set, once it is made.
        notes: What else there is to know.
    """

    counts: Counts
    open_sheets: tuple[SheetState, ...] = ()
    unasked: int = 0
    result: Path | None = None
    notes: tuple[str, ...] = ()


@dataclass
class Build:
    """A build in its work folder; `run` goes as far as it can.

    Args:
        collection: The records.
        normal: Further cases, all normal.
        work: The work folder.
        settings: That it was begun with.
        asking: None if no endpoint is given.
        make_rankings: Of codes; called when candidates must be found.
        progress: A bar with a description.
    """

    collection: Collection
    normal: Sequence[RawCase]
    work: Path
    settings: BuildSettings
    asking: Asking | None
    make_rankings: Callable[[], Sequence[Ranking]]
    progress: Progress
    _stages: list[StageCount] = field(default_factory=list, init=False)

    def run(self) -> BuildState:
        """Go as far as answers and sheets allow, and write the counts of what is done.

        Raises:
            ConfigError: A sheet or the log is spoilt.
            RaddiagError: The endpoint fails; what it answered is kept.
        """
        state = self._run()
        write_counts(self.work, state.counts)
        plot_counts(self.work / "counts.png", state.counts)
        return state

    def _run(self) -> BuildState:
        log = DecisionLog(self.work / "decisions.jsonl")
        cases: Sequence[RawCase] = self.collection.cases
        articles = self.collection.articles
        self._refuse_same_ids()
        self._stages.append(count_stage("collected", cases, articles))

        filtering = ArticleFilter(list(articles.values()), self.settings.model, self.settings.text_characters, log)
        if filtering.open_questions() and self.asking is not None:
            with self.progress("asking about articles") as progress:
                filtering.ask(self.asking.endpoint(), self.asking.patience, self.asking.concurrency, progress)
        verdicts = filtering.verdicts()
        if len(verdicts) < len(articles):
            return BuildState(Counts(tuple(self._stages)), unasked=len(articles) - len(verdicts))

        disorders, quality, sheets = self._filtered(verdicts, log)
        if any(sheet.open_rows for sheet in sheets):
            return BuildState(Counts(tuple(self._stages), quality), sheets)
        cases = [case for case in cases if case.normal or not disorders.keys().isdisjoint(case.articles)]
        if not disorders:
            raise ConfigError(
                f"{self.work}: none of the articles is about a disorder, so that there is nothing to label"
            )
        self._stages.append(
            count_stage("articles filtered", cases, disorders, details=_filtered_counts(verdicts, disorders))
        )

        mapped = self._mapped(disorders, log)
        if any(sheet.open_rows for sheet in mapped.sheets):
            return BuildState(Counts(tuple(self._stages), quality, mapped.agreement), (*sheets, *mapped.sheets))
        self._stages.append(
            count_stage("mapped to ICD-10-CM", cases, disorders, mapped.codes, _mapped_counts(mapped.codes))
        )
        cases = [*cases, *self.normal]
        details = {"from further sources": len(self.normal)}
        self._stages.append(count_stage("normal cases added", cases, disorders, mapped.codes, details))

        result = self.work / "result"
        write_result(result, records_of(cases, articles, mapped.codes), articles, mapped.codes)
        return BuildState(Counts(tuple(self._stages), quality, mapped.agreement), result=result)

    def _refuse_same_ids(self) -> None:
        ids = {case.case_id for case in self.collection.cases}
        for place, case in enumerate(self.normal, 1):
            if case.case_id in ids:
                raise ConfigError(f"the case_id of normal case {place} is that of another case; give it another")
            ids.add(case.case_id)

    def _filtered(
        self, verdicts: Mapping[str, Verdict], log: DecisionLog
    ) -> tuple[dict[str, Article], FilterQuality | None, tuple[SheetState, ...]]:
        """The disorders by what filter and people say, how good the filter is, and the sheets of review and check."""
        articles, settings = self.collection.articles, self.settings
        by_outcome = {
            outcome: [key for key in articles if verdicts[key].outcome == outcome]
            for outcome in ("kept", "left out", "review")
        }
        to_review = [(articles[key], verdicts[key].reason) for key in by_outcome["review"]]
        path = self.work / "review.csv"
        review = read_answers(path, "review", to_review, articles, settings.reviewer, log)
        drawn = draw_sample(by_outcome["kept"], by_outcome["left out"], settings.sample, settings.seed)
        # Without the verdict, which would be an answer given away.
        to_check = [(articles[key], "") for key in drawn]
        check = read_answers(self.work / "check.csv", "check", to_check, articles, settings.reviewer, log)
        quality = None
        if drawn and not check.state.open_rows:
            quality = quality_of(by_outcome["kept"], by_outcome["left out"], check.answers, settings.seed)
        by_people = {**review.answers, **check.answers}
        disorders = {}
        for key, article in articles.items():
            is_disorder = by_people.get(key, verdicts[key].outcome == "kept")
            source = "review.csv" if key in review.answers else "check.csv" if key in check.answers else "both prompts"
            if key in by_people or verdicts[key].outcome != "review":
                log.add(Decision("verdict", article.title, "kept" if is_disorder else "left out", source))
            if is_disorder:
                disorders[key] = article
        sheets = tuple(sheet.state for sheet in (review, check) if sheet.state.rows)
        return disorders, quality, sheets

    def _mapped(self, disorders: Mapping[str, Article], log: DecisionLog) -> Mapped:
        titles = [article.title for article in disorders.values()]
        path = self.work / "mapping" / "candidates.jsonl"
        with self.progress("looking for codes") as progress:
            candidates = candidates_of(titles, path, self.make_rankings, self.settings.candidates, progress)
        return map_disorders(
            list(disorders.values()), candidates, self.collection.articles, self.work, self.settings, log
        )


def _filtered_counts(verdicts: Mapping[str, Verdict], disorders: Mapping[str, Article]) -> dict[str, int]:
    outcomes = [verdict.outcome for verdict in verdicts.values()]
    return {
        "articles kept by both prompts": outcomes.count("kept"),
        "left out by both": outcomes.count("left out"),
        "reviewed": outcomes.count("review"),
        "added by people": sum(v.outcome != "kept" and key in disorders for key, v in verdicts.items()),
        "taken away by people": sum(v.outcome == "kept" and key not in disorders for key, v in verdicts.items()),
    }


def _mapped_counts(codes: Mapping[str, str]) -> dict[str, int]:
    coded = [code for code in codes.values() if code != NO_CODE]
    return {
        "disorders with a code": len(coded),
        "codes": len(set(coded)),
        "disorders without one": len(codes) - len(coded),
    }
