"""Checklist item 11: MONOCHROME1 and inverse presentation are turned round for display and model, after rescaling."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from pydicom.uid import DigitalXRayImageStorageForPresentation

from raddiag_engine.preparation.config import PreparationConfig
from raddiag_engine.preparation.windowing import apply_window, display_values
from tests.engine.reading.checklist.scans import read_one
from tests.engine.reading.dicom_files import noise, write_slice


@pytest.mark.parametrize(
    ("attributes", "inverted"),
    [
        ({"PhotometricInterpretation": "MONOCHROME1"}, True),
        ({"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}, True),
        ({"PresentationLUTShape": "INVERSE"}, True),
        ({"PresentationLUTShape": "IDENTITY"}, False),
    ],
)
def test_item_11_values_stay_and_the_display_is_inverted(tmp_path, attributes, inverted):
    stored = noise(6, 6).astype(np.uint16)
    path = write_slice(
        tmp_path / "a.dcm",
        stored,
        Modality="DX",
        SOPClassUID=DigitalXRayImageStorageForPresentation,
        RescaleIntercept=-100,
        WindowCenter=900,
        WindowWidth=2000,
        **attributes,
    )
    scan = read_one(path)
    assert scan.inverted is inverted
    assert np.array_equal(scan.voxels, stored.astype(int) - 100)
    plain = apply_window(scan.voxels, scan.windows[0])
    shown = display_values(scan.voxels, scan, scan.windows[0], PreparationConfig())
    assert np.allclose(shown, 1 - plain if inverted else plain)


def test_item_11_simpleitk_inverts_the_values_themselves(tmp_path):
    stored = noise(6, 6).astype(np.uint16)
    path = write_slice(
        tmp_path / "a.dcm",
        stored,
        Modality="DX",
        RescaleIntercept=0,
        PhotometricInterpretation="MONOCHROME1",
        SOPClassUID=DigitalXRayImageStorageForPresentation,
    )
    theirs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0].astype(int)
    assert np.array_equal(65535 - theirs, read_one(path).voxels)
