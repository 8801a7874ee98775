"""The child process that copies files: `python -m raddiag_engine.deidentification.worker`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raddiag_engine.deidentification.choices import Choices, Region
from raddiag_engine.deidentification.dicom_file import Copy, copy_dicom, names_in
from raddiag_engine.deidentification.pseudonyms import Pseudonyms
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.child_loop import Answers, serve
from raddiag_engine.reading.formats import FileFormat, detect_format


def main() -> None:
    """Serve jobs until standard input ends."""
    serve(copy_job)


def copy_job(job: dict[str, Any], answers: Answers) -> None:
    """Copy the files of one job: "files", "input", "output", "salt" (hexadecimal), "regions", "allow_burned_in"."""
    pseudonyms = Pseudonyms(bytes.fromhex(job["salt"]))
    choices = Choices(tuple(Region(*numbers) for numbers in job["regions"]), job["allow_burned_in"])
    for name in job["files"]:
        answers.started(name, "pixels")
        try:
            copy = copy_file(Path(name), Path(job["output"]), pseudonyms, choices)
        except ReadError as error:
            names = sorted(names_in(Path(name)))
            answers.say({"kind": "refused", "path": name, "names": names, "reason": error.reason})
        else:
            names = sorted(copy.names)
            plain = {"series": copy.series, "slices": copy.slices, "note": copy.note, "names": names}
            answers.say({"kind": "written", "path": name, **plain})


def copy_file(path: Path, output: Path, pseudonyms: Pseudonyms, choices: Choices) -> Copy:
    """Write the copy of one file of any format that there is a way for.

    Raises:
        ReadError: There is none; nothing is written.
    """
    file_format = detect_format(path)
    name = pseudonyms.label("image", str(path.absolute()))
    match file_format:
        case FileFormat.DICOM:
            return copy_dicom(path, output, pseudonyms, choices)
        case FileFormat.NIFTI:
            from raddiag_engine.deidentification.nifti_file import copy_nifti

            target = output / "volumes" / name
            return Copy(target, f"volumes/{name}", slices=copy_nifti(path, target))
        case FileFormat.PNG | FileFormat.JPEG:
            from raddiag_engine.deidentification.picture_file import copy_picture

            target = output / "pictures" / name
            return Copy(target, "pictures", note=copy_picture(path, file_format, target, choices))
        case FileFormat.DICOMDIR:
            raise ReadError(path, "is a DICOMDIR, the index of other files; the copies need none")
        case FileFormat.ZIP | FileFormat.TAR:
            raise ReadError(path, "is an archive; unpack it and give the folder")
        case _:
            raise ReadError(path, f"{file_format.value} files are not de-identified; convert it to NIfTI or PNG")


if __name__ == "__main__":
    main()
