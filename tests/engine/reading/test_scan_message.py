"""A scan that goes through the pipe between the guarded child and its parent comes out the same, in every field."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Identity, Modality, Plane, Scan, ScanWarning, WarningCode, Window
from raddiag_engine.reading.scan_message import scan_from_message, scan_to_message

FULL = Scan(
    id="ct-1",
    kind="volume",
    voxels=np.arange(24, dtype=np.int16).reshape(2, 3, 4),
    affine=np.diag([2.0, 1, 1, 1]),
    spacing_mm=(2.0, 1.0, 1.0),
    modality=Modality.CT,
    anatomy=Anatomy.CHEST,
    plane=Plane.AXIAL,
    slice_places=(0.0, 2.0),
    units="HU",
    windows=(Window(40, 400, "SIGMOID", "lung"),),
    inverted=True,
    padding=(-2000.0, -1990.0),
    colour=np.zeros((2, 3, 4, 3), np.uint8),
    frame_time_ms=40.0,
    calibrated_region=(0, 2, 1, 3),
    laterality="L",
    view="MLO",
    patient_orientation=("L", "F"),
    contrast_agent=True,
    sources=(Path("a.dcm"), Path("b.dcm")),
    file_format="DICOM",
    decoder="gdcm",
    body_part="CHEST",
    series_date="20240101",
    frame_of_reference="abc",
    identity=Identity("P1", "A^B", "19700101", "F"),
    usable=False,
    reason="because",
    warnings=(ScanWarning(WarningCode.GEOMETRY_GAP, "one is missing", (0,)),),
)
BARE = Scan(id="x", kind="image", voxels=np.zeros((2, 2)))


@pytest.mark.parametrize("scan", [FULL, BARE, replace(FULL, contrast_agent=False)])
def test_every_field_comes_back(scan):
    plain, arrays = scan_to_message(scan)
    back = scan_from_message(json.loads(json.dumps(plain)), arrays)
    for field in fields(Scan):
        given, found = getattr(scan, field.name), getattr(back, field.name)
        if isinstance(given, np.ndarray):
            assert np.array_equal(given, found)
        else:
            assert (given, type(given)) == (found, type(found)), field.name


def test_the_full_scan_leaves_no_field_at_its_default():
    defaults = Scan(id="", kind="image", voxels=np.zeros((1, 1)))
    same = [f.name for f in fields(Scan) if repr(getattr(FULL, f.name)) == repr(getattr(defaults, f.name))]
    assert same == []
