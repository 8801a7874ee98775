"""The bundled sample case, diagnosed on the terminal, with overlays in a folder: for a machine without a screen."""

from __future__ import annotations

from pathlib import Path

from raddiag_engine.commands.output_folder import check_output_folder, output_folder
from raddiag_engine.commands.progress_bar import progress_bar

EXPLAINED = 3


def write_demo(model: str, device: str, output: Path) -> None:
    """Read, diagnose, print, explain what is positive, write.

    Args:
        model: Name or folder.
        device: "auto", "cpu" or "cuda".
        output: Folder for overlays, maps and the diagnosis.

    Raises:
        RaddiagError: The model or the folder is not fit.
    """
    check_output_folder(output)

    from raddiag_engine.atomic import write_text
    from raddiag_engine.commands.diagnosis_table import print_diagnosis
    from raddiag_engine.commands.explain import write_explanation
    from raddiag_engine.commands.json_output import json_text
    from raddiag_engine.diagnosis.engine import Engine
    from raddiag_engine.reading import read_case
    from raddiag_resources import path_of

    engine = Engine.load(model, device=device)
    with progress_bar() as progress:
        engine.set_case(read_case([path_of("sample_case")]), progress=progress)
        diagnosis = engine.diagnose()
        positive = [score.name for score in diagnosis.disorders if score.state == "positive"]
        shown = positive or [score.name for score in diagnosis.disorders[:1]]
        maps = engine.explain_many(shown[:EXPLAINED], progress=progress)
    with output_folder(output) as folder:
        found = write_explanation(engine, maps, folder)
        write_text(folder / "diagnosis.json", json_text(diagnosis.to_mapping()))
    print_diagnosis(diagnosis, engine.card)
    print(*found, f"written to {output}", sep="\n")
