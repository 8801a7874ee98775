"""raddiag data build: a data set from raw case records, by an article filter, annotators and adjudication."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from raddiag_train.collection.build import Asking, BuildState
    from raddiag_train.collection.chat_endpoint import ChatEndpoint
    from raddiag_train.collection.raw_records import RawCase
    from raddiag_train.collection.settings import BuildSettings
    from raddiag_train.knowledge.sources.lines import BadLines


def add_parser(subparsers: Any) -> None:
    """Register `raddiag data build`."""
    parser = subparsers.add_parser(
        "build",
        help="make a data set from raw case records with linked articles",
        description="Goes as far as it can and says what is next: which sheet to fill in, or what to ask an endpoint "
        "for. Run the same command again to go on; nothing is asked or decided twice. Articles are filtered by two "
        "prompts to an OpenAI-compatible endpoint, which gets their titles and texts and nothing of the patients; "
        "people review what is left open, check a sample, and map the disorders to ICD-10-CM. DIR/decisions.jsonl "
        "holds every decision with its source, DIR/result the data set. See docs/collection.md.",
    )
    parser.add_argument("records", type=Path, metavar="RECORDS", help="raw case records, JSON lines, plain or .gz")
    parser.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="folder of sheets, decisions and result"
    )
    parser.add_argument("--normal", type=Path, nargs="+", default=[], metavar="F", help="further records, all normal")
    parser.add_argument("--skip-bad-lines", action="store_true", help="leave records at fault out, and list them")
    _add_endpoint(parser)
    _add_settings(parser)
    parser.set_defaults(run=run)


def _add_endpoint(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the endpoint, as long as there are articles to ask about")
    group.add_argument("--endpoint", metavar="URL", help="its base, such as http://127.0.0.1:8000/v1")
    group.add_argument("--model", metavar="NAME", help="that it shall use")
    group.add_argument(
        "--key-variable",
        default="RADDIAG_ENDPOINT_KEY",
        metavar="NAME",
        help="environment variable that holds its key, if it needs one (RADDIAG_ENDPOINT_KEY)",
    )
    group.add_argument(
        "--allow-remote", action="store_true", help="let titles and texts of articles leave this machine"
    )
    group.add_argument("--allow-plain-http", action="store_true", help="let them do so unencrypted")
    group.add_argument("--ca-file", type=Path, metavar="F", help="certificates to trust, PEM (default: the system's)")
    group.add_argument("--concurrency", type=int, default=4, metavar="N", help="questions at once (4)")
    group.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds for one answer (60)")
    group.add_argument("--attempts", type=int, default=6, metavar="N", help="at one question in a run (6)")
    group.add_argument("--no-temperature", action="store_true", help="send no temperature, for models that refuse it")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings, fixed by the first run")
    group.add_argument("--text-characters", type=int, metavar="N", help="of an article's text that are sent (4000)")
    group.add_argument("--sample", type=int, metavar="N", help="articles that a person checks, 0 for none (200)")
    group.add_argument("--reviewer", metavar="NAME", help="who fills in review.csv and check.csv")
    group.add_argument("--annotators", metavar="NAME,NAME", help="who map disorders to codes, a sheet each (two)")
    group.add_argument("--annotators-per-disorder", type=int, metavar="N", help="how many code each disorder (2)")
    group.add_argument("--adjudicator", metavar="NAME", help="who decides where they differ")
    group.add_argument("--candidates", type=int, metavar="N", help="codes offered for each disorder (8)")
    group.add_argument("--encoder", metavar="E", help="rank them by meaning too: encoder, run or hub repository")
    group.add_argument("--seed", type=int, metavar="N", help="of the sample and of who codes what (0)")


def run(args: argparse.Namespace) -> int:
    """Read the records, go on with the build, and say how far it is."""
    from raddiag_train.collection.work_lock import locked

    with locked(args.work):
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    from raddiag_train.collection import settings as settings_file
    from raddiag_train.collection.build import Build
    from raddiag_train.collection.icd10cm_candidates import rankings_of_icd10cm
    from raddiag_train.collection.raw_records import read_raw_records
    from raddiag_train.knowledge.sources.lines import BadLines

    settings = settings_file.settle(args.work, args.records, _given(args))
    if settings.encoder:  # needed after days only, so a wrong one must be known now
        _require_encoder(settings.encoder)
    asking = _asking(args, settings)
    bad = BadLines(skip=args.skip_bad_lines)
    collection = read_raw_records(args.records, bad)
    normal = _normal_cases(args.normal, bad)
    for fault in bad.first:
        print(f"left out: {fault}", file=sys.stderr)
    if bad.count > len(bad.first):
        print(f"left out: {bad.count - len(bad.first)} further lines", file=sys.stderr)
    settings_file.write(args.work, settings)
    build = Build(
        collection, normal, args.work, settings, asking, lambda: rankings_of_icd10cm(settings.encoder), _progress
    )
    _print_state(build.run(), args.work, asked=asking is not None)
    return 0


@contextmanager
def _progress(description: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for people; in a file of errors it would stand before the one line that matters."""
    from raddiag_train.progress import task_progress

    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with task_progress(description) as progress:
        yield progress


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were named on the command line."""
    given = {
        name: getattr(args, name)
        for name in ("model", "text_characters", "sample", "reviewer", "annotators_per_disorder", "adjudicator")
    }
    given |= {name: getattr(args, name) for name in ("candidates", "seed")}
    annotators = None if args.annotators is None else tuple(name.strip() for name in args.annotators.split(","))
    return {**given, "annotators": annotators, "encoder": None if args.encoder is None else _absolute(args.encoder)}


def _absolute(encoder: str) -> str:
    """A folder by its whole path, as the next run may start elsewhere; the name of no folder as it is."""
    from raddiag_engine.knowledge.encoder_source import is_repository
    from raddiag_train.training.knowledge_config import UNTRAINED

    folder = Path(encoder).expanduser()
    kept = encoder == UNTRAINED or (is_repository(encoder) and not folder.exists())
    return encoder if kept else str(folder.resolve())


def _require_encoder(name: str) -> None:
    """Fetch an encoder that lies on the hub; refuse one that is not there."""
    from raddiag_engine.errors import ConfigError
    from raddiag_engine.knowledge.encoder_source import encoder_folder
    from raddiag_train.training.knowledge_config import UNTRAINED

    if name != UNTRAINED and not (folder := encoder_folder(name)).is_dir():
        raise ConfigError(f"{folder}: is no folder of a knowledge encoder; make one with raddiag knowledge pretrain")


def _asking(args: argparse.Namespace, settings: BuildSettings) -> Asking | None:
    from raddiag_engine.errors import ConfigError
    from raddiag_train.collection.build import Asking
    from raddiag_train.collection.chat_endpoint import ChatEndpoint, EndpointConfig
    from raddiag_train.collection.endpoint_address import chat_address, read_key
    from raddiag_train.collection.patience import Patience

    for name, least in (("concurrency", 1), ("attempts", 1), ("timeout", 0.1)):
        if not getattr(args, name) >= least:
            raise ConfigError(f"--{name} is {getattr(args, name)}, but must be at least {least}")
    if args.endpoint is None:
        return None
    if not settings.model:
        raise ConfigError("--endpoint needs --model, the name of the model that it shall use")
    address = chat_address(args.endpoint, allow_remote=args.allow_remote, allow_plain_http=args.allow_plain_http)
    key = read_key(args.key_variable)
    config = EndpointConfig(
        address,
        settings.model,
        timeout_seconds=args.timeout,
        temperature=None if args.no_temperature else 0.0,
        ca_file=args.ca_file,
        connections=args.concurrency,
    )

    def endpoint() -> ChatEndpoint:
        print(f"asking {address}; it gets titles and texts of articles, nothing of the patients")
        return ChatEndpoint(config, key)

    return Asking(endpoint, Patience(attempts=args.attempts), args.concurrency)


def _normal_cases(paths: Sequence[Path], bad: BadLines) -> list[RawCase]:
    from raddiag_train.collection.raw_records import read_raw_records

    return [case for path in paths for case in read_raw_records(path, bad, normal=True).cases]


def _print_state(state: BuildState, work: Path, *, asked: bool) -> None:
    from raddiag_train.collection.counts import as_markdown

    for stage in state.counts.stages:
        categories = "" if stage.categories is None else f", {stage.categories:,} ICD-10-CM categories"
        what = "articles" if stage.stage == "collected" else "disorders"
        print(
            f"{stage.stage}: {stage.cases:,} cases ({stage.normal_cases:,} normal), {stage.images:,} images, "
            f"{stage.articles:,} {what}{categories}"
        )
    for line in as_markdown(state.counts).splitlines():
        if line.startswith("Precision"):
            print(f"filter: {line}")
    for level in state.counts.agreement or ():
        kappa = "undefined" if level.kappa is None else f"{level.kappa:.3f}"
        if level.annotators_per_item > 1:
            print(f"agreement on {level.level}: {level.agreed:.1%} of {level.items:,} disorders, Fleiss' kappa {kappa}")
    if state.unasked and asked:
        print(f"next: {state.unasked:,} articles got no answer; run again, after which they are for the reviewer")
    elif state.unasked:
        print(f"next: {state.unasked:,} articles are to be asked about; name --endpoint URL and --model NAME")
    waiting = [sheet for sheet in state.open_sheets if sheet.open_rows]
    for sheet in waiting:
        print(f"next: fill in {sheet.path}, {sheet.open_rows:,} of {sheet.rows:,} rows are open ({sheet.column})")
    if waiting:
        print("then run the same command again")
    if state.result is not None:
        print(
            f"{state.result / 'cases.jsonl'}: {state.counts.stages[-1].cases:,} cases; counts in {work / 'counts.md'}"
        )
        print(f"next: raddiag data validate {state.result / 'cases.jsonl'}, then raddiag data split")
