"""One PNG or JPEG picture as a PNG of its pixels alone: no EXIF, no text, no thumbnail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from raddiag_engine.atomic import atomic_path
from raddiag_engine.deidentification.blanking import blank
from raddiag_engine.deidentification.choices import Choices
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.formats import FileFormat
from raddiag_engine.reading.picture import read_picture

LIKELY = "a picture without a header, into which words may be burned; blank them with --blank, or allow it with "


def copy_picture(path: Path, file_format: FileFormat, target: Path, choices: Choices) -> str:
    """Write the pixels of one picture, turned as its EXIF says.

    Args:
        path: The file.
        file_format: PNG or JPEG.
        target: Without suffix.
        choices: What a person decided; without a decision the picture is refused.

    Returns:
        A note on what was decided.

    Raises:
        ReadError: It is damaged, or nothing was decided; nothing is written.
    """
    if not choices.regions and not choices.allow_burned_in:
        raise ReadError(path, f"{LIKELY}--allow-burned-in")
    with as_read_error(path, "copy this picture"):
        (scan,) = read_picture(path, file_format)
    pixels = np.array(scan.voxels if scan.colour is None else scan.colour)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ReadError(path, f"holds values of type {pixels.dtype}, which a PNG does not; convert it to NIfTI")
    if choices.regions:
        with as_read_error(path, "blank regions of it"):
            blank(pixels, choices.regions)
    with atomic_path(target.with_name(target.name + ".png")) as temporary:
        Image.fromarray(pixels).save(temporary, "PNG")
    return "regions were blanked" if choices.regions else "words may be burned in, which was allowed"
