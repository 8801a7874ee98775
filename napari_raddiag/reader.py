"""napari's reader contribution: the scans in files and folders as layers, laid as the panel lays them.

It shows what is there; a case, with its warnings and its diagnosis, is opened in the panel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_raddiag.canvas.layer_data import LayerTuple, scan_layer_data
from napari_raddiag.display.layer_title import layer_titles
from napari_raddiag.handover import panel_without_case
from napari_raddiag.viewer_window import is_running, viewer_window
from raddiag_engine.cases import Case
from raddiag_engine.errors import CaseError, ReadError
from raddiag_engine.reading.formats import FileFormat, detect_format

Paths = str | Sequence[str]
# Of a folder's files only so many are looked at before it is claimed or left to other readers.
LOOKED_AT = 25
# npe2's sign that a file was read and gave no layer.
NO_LAYER: Any = (None,)
# Formats that only a medical reader knows the geometry of; pictures are ours only if a person chooses us.
MEDICAL = {FileFormat.DICOM, FileFormat.NIFTI}


def get_reader(path: Paths) -> Callable[[Paths], list[LayerTuple]] | None:
    """The reader for files and folders that hold scans, None for what is left to other readers.

    Args:
        path: One path, or several that are one case.
    """
    paths = [Path(path)] if isinstance(path, str) else [Path(each) for each in path]
    return read_layers if paths and all(_may_hold_scans(each) for each in paths) else None


def read_layers(path: Paths) -> list[LayerTuple]:
    """Layers of all scans in files and folders, first scan seen, the others hidden beneath each other.

    A panel that waits for a case opens them as one, and there are no layers from here. Nor are there while a person is
    at napari's window: the scans are then read in the background and come by themselves. A script gets them at once.
    In a window a failure is one line in napari's notifications, and never a traceback.

    Args:
        path: One path, or several that are one case.

    Raises:
        RaddiagError: Without a window: there is no scan, or the scans are of several patients; the reason in one line.
    """
    paths = tuple(map(Path, [path] if isinstance(path, str) else path))
    panel = panel_without_case()
    if panel is not None:
        panel.open_paths(paths)
        return [NO_LAYER]
    window = viewer_window()
    if window is None:
        return layers_in(paths)
    from napari_raddiag.background_reading import read_in_background, read_or_say_why

    if is_running():
        read_in_background(window, paths, layers_in)
        return [NO_LAYER]
    return read_or_say_why(paths, layers_in) or [NO_LAYER]


def layers_in(paths: Sequence[Path], progress: Callable[[int, int, str], None] | None = None) -> list[LayerTuple]:
    """Layers of all scans in files and folders; takes as long as reading them does.

    Raises:
        ReadError: There is no scan, with the reason in one line.
        CaseError: The scans are of several patients.
    """
    # The parsers are imported with the first case, not with the plugin.
    from raddiag_engine.reading import read_case

    return case_layers(read_case(paths, progress=progress))


def case_layers(case: Case) -> list[LayerTuple]:
    """Layers of the scans of one patient.

    Raises:
        CaseError: The scans are of several patients: they must not come to lie in one list.
    """
    if len(case.patients) > 1:
        from raddiag_engine.reading.patients import describe_patients

        raise CaseError(f"{describe_patients(case)}. Open them in the RadDiag panel, which asks for one of them")
    titles = layer_titles(case)
    in_millimetres = True
    layers = []
    for number, scan in enumerate(case.scans):
        data, settings, kind = scan_layer_data(scan, titles[scan.id], case.id)
        in_millimetres = in_millimetres and set(settings["units"]) == {"mm"}
        # Scans of different spaces must not be seen over each other.
        layers.append((data, {**settings, "visible": number == 0}, kind))
    if not in_millimetres:
        # napari wants one unit in a viewer; a pixel must not be taken for a millimetre.
        layers = [
            (data, {**settings, "units": ("pixel",) * len(settings["scale"])}, kind) for data, settings, kind in layers
        ]
    return layers


def _may_hold_scans(path: Path) -> bool:
    if path.is_dir():
        return any(_is_ours(file, MEDICAL) for file in _first_files(path))
    return path.is_file() and _is_ours(path, set(FileFormat))


def _first_files(folder: Path) -> list[Path]:
    """Some files of a folder, or of the folders in it."""
    found: list[Path] = []
    waiting = [folder]
    while waiting and len(found) < LOOKED_AT:
        try:
            inside = sorted(waiting.pop(0).iterdir())[:LOOKED_AT]
        except OSError:  # a folder that may not be looked into
            continue
        inside = [path for path in inside if not path.name.startswith(".")]
        found += [path for path in inside if path.is_file()]
        waiting += [path for path in inside if path.is_dir()]
    return found[:LOOKED_AT]


def _is_ours(path: Path, formats: set[FileFormat]) -> bool:
    try:
        return detect_format(path) in formats
    except ReadError:
        return False
