"""Speed and memory of the readers, with all checks and in the guarded child, against SimpleITK and a loop of pydicom.

    python benchmarks/reading.py [--slices 500] [--files 10000] [--repeats 3] [--folder DIR] [--json F]

- ct: a CT of so many slices in six transfer syntaxes, against SimpleITK's series reader; when the first of two scans is
  there, while the second is still read; memory of both processes together, per byte of voxels.
- multi_frame: the same CT in one file, not compressed and in JPEG-LS, against SimpleITK; memory as above.
- headers: a mixed folder of so many files, grouped into series, per file; against `dcmread(stop_before_pixels=True)`.
- nifti: a compressed NIfTI volume, against SimpleITK.

Ours and theirs take turns; the figure is the median. Files are made once in --folder and kept there.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pydicom
import SimpleITK
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLSLossless, generate_uid
from reading_files import body, write_mixed_ct, write_mixed_folder, write_multi_frame, write_nifti_gz

from raddiag_engine.cases import Scan
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import read_case
from raddiag_engine.reading.dicom.frame import Frame, frames_of
from raddiag_engine.reading.dicom.grouping import group_frames
from raddiag_engine.reading.dicom.instance import read_instance
from raddiag_engine.reading.dicom.split_note import split_notes
from raddiag_engine.reading.finding import find_files
from raddiag_engine.reading.formats import FileFormat, detect_format
from raddiag_engine.reading.guard import GuardedReader
from raddiag_engine.reading.reader import Step

RESULTS = Path(__file__).parent / "results" / "reading.json"
SECONDS_BETWEEN_LOOKS = 0.01
SECOND_SERIES = generate_uid(entropy_srcs=["a second series"])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=500)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path, default=RESULTS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        result: dict[str, Any] = {"cores": len(psutil.Process().cpu_affinity()), "slices": args.slices}
        result["ct"] = of_ct(made(folder / f"ct{args.slices}", args.slices), args.repeats)
        result["multi_frame"] = {
            name: of_file(multi_frame_file(folder / f"ct{args.slices}_{name}.dcm", args.slices, syntax), args.repeats)
            for name, syntax in (("uncompressed", ExplicitVRLittleEndian), ("jpeg_ls", JPEGLSLossless))
        }
        mixed = folder / f"mixed{args.files}"
        if not mixed.exists():
            write_mixed_folder(mixed, args.files)
        result["headers"] = of_headers(mixed, args.repeats)
        volume = folder / "volume.nii.gz"
        if not volume.exists():
            write_nifti_gz(volume, 160, 512)
        result["nifti"] = of_file(volume, 2 * args.repeats + 1)
    text = json.dumps(result, indent=1)
    args.json.write_text(text + "\n")
    print(text)


def made(folder: Path, slices: int) -> Path:
    """The folder with the CT, written if it is not there."""
    return folder if folder.exists() else write_mixed_ct(folder, body(slices, 512))


def multi_frame_file(path: Path, slices: int, syntax: UID) -> Path:
    """All slices of the CT in one file, written if it is not there."""
    return path if path.exists() else write_multi_frame(path, body(slices, 512), syntax)


def of_ct(folder: Path, repeats: int) -> dict[str, Any]:
    """SimpleITK's series reader against a whole case."""

    def theirs() -> Any:
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
        return SimpleITK.GetArrayFromImage(reader.Execute())

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    read_case([next(iter(folder.iterdir()))])  # the child is there, as it is in the viewer
    figures, (expected, case) = turns(theirs, lambda: read_case([folder]), repeats)
    (scan,) = case.scans
    figures["same_values"] = bool(np.array_equal(scan.voxels, expected))
    figures["warnings"], size = len(scan.warnings), scan.voxels.nbytes
    del expected, case, scan
    figures["memory_per_voxel_byte"] = round(memory_of(sorted(folder.iterdir())) / size, 2)
    figures |= first_of_two(folder)
    return figures


def first_of_two(folder: Path) -> dict[str, Any]:
    """When each of two series is there: one half of the CT, and the same again as a second series."""
    files = sorted(folder.iterdir())
    half = files[: len(files) // 2]
    with tempfile.TemporaryDirectory() as other:
        for path in half:
            dataset = pydicom.dcmread(path)
            dataset.SeriesInstanceUID, dataset.SeriesNumber = SECOND_SERIES, 2
            dataset.SOPInstanceUID = generate_uid(entropy_srcs=[SECOND_SERIES, path.name])
            dataset.save_as(Path(other, path.name))
        begun = time.perf_counter()
        with GuardedReader() as reader:
            found = reader.read([*half, *sorted(Path(other).iterdir())], ignored)
            times = [round(time.perf_counter() - begun, 2) for item in found if isinstance(item, Scan)]
    return {"first_scan_s": times[0], "last_scan_s": times[-1]}


def memory_of(files: Sequence[Path]) -> int:
    """The largest memory of this process and of the reading child together while files are read, in bytes.

    What both share counts once. Beyond what both have before.
    """
    with GuardedReader() as reader:
        with tempfile.TemporaryDirectory() as other:  # the child and what it imports is there
            list(reader.read([write_multi_frame(Path(other, "small"), body(3, 64), JPEGLSLossless)], ignored))
        processes = [psutil.Process(), psutil.Process(reader.process_id)]
        before = sum(map(proportional_bytes, processes))
        most, done = [before], threading.Event()

        def look() -> None:
            while not done.wait(SECONDS_BETWEEN_LOOKS):
                most.append(sum(map(proportional_bytes, processes)))

        watch = threading.Thread(target=look)
        watch.start()
        kept = list(reader.read(files, ignored))
        most.append(sum(map(proportional_bytes, processes)))
        done.set()
        watch.join()
        del kept
    return max(most) - before


def ignored(path: Path, step: Step) -> None:
    """No progress is shown."""


def proportional_bytes(process: psutil.Process) -> int:
    """Memory of a process; of pages that it shares, its share."""
    return int(process.memory_full_info().pss)


def of_headers(folder: Path, repeats: int) -> dict[str, Any]:
    """From a mixed folder to groups of frames, against a loop over its DICOM files."""
    files, _ = find_files([folder])
    dicom = [path for path in files if is_dicom(path)]

    def theirs() -> None:
        for path in dicom:
            pydicom.dcmread(path, stop_before_pixels=True)

    def ours() -> int:
        frames: list[Frame] = []
        for path in files:
            if is_dicom(path):
                frames.extend(frames_of(read_instance(path)))
        groups = group_frames(frames)
        split_notes(groups)
        return len(groups)

    figures, (_, groups) = turns(theirs, ours, repeats)
    per_file_ms = 1000 * figures["ours_s"] / len(files)
    return {"files": len(files), "groups": groups, "ours_ms_per_file": round(per_file_ms, 3), **figures}


def is_dicom(path: Path) -> bool:
    """By its first bytes, as the readers tell."""
    try:
        return detect_format(path) is FileFormat.DICOM
    except ReadError:
        return False


def of_file(path: Path, repeats: int) -> dict[str, Any]:
    """SimpleITK against a whole case of one file, and the memory that takes."""
    figures, (image, case) = turns(lambda: SimpleITK.ReadImage(str(path)), lambda: read_case([path]), repeats)
    voxels = case.scans[0].voxels
    figures["same_values"] = bool(np.array_equal(voxels, SimpleITK.GetArrayViewFromImage(image)))
    size = voxels.nbytes
    del image, case, voxels
    return {**figures, "memory_per_voxel_byte": round(memory_of([path]) / size, 2)}


def turns(theirs: Callable[[], Any], ours: Callable[[], Any], repeats: int) -> tuple[dict[str, Any], tuple[Any, Any]]:
    """Median seconds of both, in turn, and how long ours takes for one of theirs; with their last results."""
    seconds: tuple[list[float], list[float]] = ([], [])
    found: list[Any] = [None, None]
    for _ in range(repeats):
        for number, work in enumerate((theirs, ours)):
            found[number] = None
            begun = time.perf_counter()
            found[number] = work()
            seconds[number].append(time.perf_counter() - begun)
    medians = [statistics.median(each) for each in seconds]
    ratio = medians[1] / medians[0]
    figures = {"theirs_s": round(medians[0], 3), "ours_s": round(medians[1], 3), "ours_to_theirs": round(ratio, 2)}
    return figures, (found[0], found[1])


if __name__ == "__main__":
    main()
