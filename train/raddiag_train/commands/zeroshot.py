"""raddiag zeroshot: models on data sets they have not learned from (Table 1 of the abstract)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raddiag_train.commands.experiment_arguments import add_judging_arguments

if TYPE_CHECKING:
    from raddiag_train.experiments.zero_shot.label_mapping import Method
    from raddiag_train.experiments.zero_shot.run import ZeroShotModel


def add_parser(subparsers: Any) -> None:
    """Register `raddiag zeroshot`."""
    parser = subparsers.add_parser(
        "zeroshot",
        help="models on data sets they have not learned from",
        description="The labels of each data set are mapped to the disorders of each model, by name, ICD-10-CM code or "
        "text, and the answers on its test cases judged: F1, MCC, ACC. Run again it goes on.",
    )
    add_judging_arguments(parser)
    parser.add_argument("--model", action="append", default=[], metavar="M", help="name or folder; may be repeated")
    parser.add_argument("--radin", type=Path, metavar="F", help="weights of RadIN's ResNet-50 with its classifier")
    parser.add_argument("--radin-labels", type=Path, metavar="F", help="JSON of its classes: name -> index")
    parser.add_argument("--biomedclip", metavar="F", help='its weights with vocab.txt beside them, or "hub"')
    parser.add_argument("--data-sets", nargs="+", default=[], metavar="NAME", help="sources in F (default: all)")
    parser.add_argument(
        "--map",
        nargs="+",
        choices=("name", "code", "text"),
        default=["name", "code", "text"],
        help="how labels find disorders, in the order tried (default: name code text)",
    )
    parser.add_argument("--mapping", type=Path, metavar="F", help='TOML of your own: "Label" = ["Disorder", ...]')
    parser.add_argument(
        "--encoder",
        metavar="E",
        help="knowledge encoder for text: folder, run or repository of the hub (default: shared words)",
    )
    parser.add_argument(
        "--thresholds",
        choices=("own", "validation"),
        default="own",
        help="own: of each model's card; validation: of best F1 on the set's validation cases (default: own)",
    )
    parser.add_argument("--split", default="test", help="cases of this split are judged (default: test)")
    parser.add_argument("--supervised", type=Path, metavar="DIR", help="output of `raddiag finetune`, for S.T. rows")
    parser.add_argument("--cache", type=Path, metavar="DIR", help='prepared scans (default: "prepared" beside F)')
    parser.add_argument("--dry-run", action="store_true", help="list models, data sets and what labels mean")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Map, ask, judge and write the table."""
    from raddiag_engine.errors import ConfigError
    from raddiag_train.commands.experiment_arguments import write_tables
    from raddiag_train.data.case_lines import case_lines_named
    from raddiag_train.experiments.fine_tuning import data_sets
    from raddiag_train.experiments.paper_numbers import paper_table
    from raddiag_train.experiments.zero_shot.label_mapping import labels_of, mapping_csv
    from raddiag_train.experiments.zero_shot.learned_sources import learned_as, learned_note
    from raddiag_train.experiments.zero_shot.pictures import only_images
    from raddiag_train.experiments.zero_shot.run import zero_shot_figures
    from raddiag_train.experiments.zero_shot.table import zero_shot_table
    from raddiag_train.training.training_data import read_cases

    if not args.cases:
        raise ConfigError("name the cases: --cases F")
    if args.resamples < 0:
        raise ConfigError(f"--resamples is {args.resamples}, but must be 0 or more")
    models = _models(args)
    sets = data_sets([record for file in args.cases for record in read_cases(file)], args.data_sets)
    found = {}
    learned = {}
    for source, records in sets.items():
        labels = labels_of(records)
        by_model = {}
        for model in models:
            if model.images_only and not only_images(records):
                print(f"{model.name} takes images alone; {source or 'the set'} is left out")
                continue
            print(f"{model.name} on {source or 'cases'}")
            if name := learned_as(source, model.sources):
                learned[source, model.name] = learned_note(model.name, source, name)
                print(learned[source, model.name])
            print(mapping_csv(model.name, model.map(labels)).partition("\n")[2].rstrip())
            if not args.dry_run:
                folder = args.output / "runs" / _folder_name(model.name) / (source or "cases")
                with case_lines_named(args.cases):
                    by_model[model.name] = zero_shot_figures(
                        model, records, labels, folder, args.thresholds, args.resamples, args.split
                    )
        found[source or "cases"] = by_model
    if not args.dry_run:
        table = zero_shot_table(
            paper_table("zero_shot"), found, args.model[:1], args.thresholds, args.supervised, learned
        )
        write_tables([table], args.output)
    return 0


def _models(args: argparse.Namespace) -> list[ZeroShotModel]:
    """The models asked for; the first of ours stands in the paper's row "Ours"."""
    from raddiag_engine.errors import ConfigError

    models = [_ours(args, name, "Ours" if place == 0 else name) for place, name in enumerate(args.model)]
    if args.radin:
        if not args.radin_labels:
            raise ConfigError("--radin needs --radin-labels, the names of its classes")
        models.append(_radin(args))
    if args.biomedclip:
        models.append(_biomedclip(args))
    if not models:
        raise ConfigError("name a model: --model M, --radin F or --biomedclip F")
    return models


def _ours(args: argparse.Namespace, name: str, row: str) -> ZeroShotModel:
    from raddiag_engine.models.folder import load_model
    from raddiag_engine.models.registry import find_model
    from raddiag_train.experiments.zero_shot.label_mapping import map_labels, read_mapping
    from raddiag_train.experiments.zero_shot.raddiag_model import model_answers
    from raddiag_train.experiments.zero_shot.run import ZeroShotModel
    from raddiag_train.knowledge.searched_disorder import disorders_of_card

    model = load_model(find_model(name))
    given = read_mapping(args.mapping) if args.mapping else None
    search = _search(args, disorders_of_card(model.card))
    cache = args.cache or args.cases[0].parent / "prepared"
    methods: list[Method] = args.map
    return ZeroShotModel(
        name=row,
        key=model.card.weights_sha256,
        map=lambda labels: map_labels(labels, model.card.disorders, methods, search, given),
        ask=lambda records, mapped: model_answers(model, records, mapped, cache, args.device),
        sources=tuple(source.name for source in model.card.sources),
    )


def _radin(args: argparse.Namespace) -> ZeroShotModel:
    from raddiag_engine.models.folder import weights_sha256
    from raddiag_train.experiments.zero_shot.label_mapping import map_labels
    from raddiag_train.experiments.zero_shot.radin import load_radin, radin_answers
    from raddiag_train.experiments.zero_shot.run import ZeroShotModel
    from raddiag_train.knowledge.searched_disorder import SearchedDisorder

    network, disorders = load_radin(args.radin, args.radin_labels)
    search = _search(args, tuple(SearchedDisorder(d.name, d.icd10cm, (d.name,)) for d in disorders if not d.normal))
    methods: list[Method] = args.map
    return ZeroShotModel(
        name="RadIN",
        key=weights_sha256(args.radin),
        map=lambda labels: map_labels(labels, disorders, methods, search),
        ask=lambda records, mapped: radin_answers(network, disorders, records, mapped, args.device),
        images_only=True,
    )


def _biomedclip(args: argparse.Namespace) -> ZeroShotModel:
    from raddiag_train.experiments.zero_shot.biomedclip import biomedclip_answers, load_biomedclip, weights_key
    from raddiag_train.experiments.zero_shot.label_mapping import MappedLabel
    from raddiag_train.experiments.zero_shot.run import ZeroShotModel

    network, pieces = load_biomedclip(args.biomedclip)
    return ZeroShotModel(
        name="BiomedCLIP",
        key=weights_key(network),
        # Its labels are texts: each means itself.
        map=lambda labels: tuple(MappedLabel(label, (label.name,), "text") for label in labels),
        ask=lambda records, mapped: biomedclip_answers(
            network, pieces, records, [one.label for one in mapped], args.device
        ),
        images_only=True,
    )


def _search(args: argparse.Namespace, disorders: Any) -> Any:
    """By meaning with an encoder, else by shared words."""
    from raddiag_train.knowledge.lexical_search import LexicalSearch

    if "text" not in args.map or not disorders:
        return None
    if args.encoder is None:
        return LexicalSearch(disorders)
    from raddiag_train.knowledge.meaning_search import search_by_meaning

    return search_by_meaning(disorders, args.encoder)


def _folder_name(model: str) -> str:
    """For the folder of a model's answers; a model may be named by its path."""
    import hashlib

    plain = Path(model).name
    return plain if plain == model else f"{plain}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"
