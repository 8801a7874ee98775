"""Values: PET as SUVbw by QIBA's vendor-neutral formula, or as Bq/ml, and which and why."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import PositronEmissionTomographyImageStorage

from raddiag_engine.cases import Modality, WarningCode, Window
from tests.engine.reading.checklist.scans import codes, message, read_one
from tests.engine.reading.dicom_files import noise, write_series
from tests.engine.reading.enhanced_files import item

HALF_LIFE_S = 6586.2  # fluorine-18
DOSE_BQ, WEIGHT_KG = 4.0e8, 72.5
SLOPES = (1.5, 2.0, 2.5, 0.75)


def tracer(**more):
    known = {"RadionuclideTotalDose": DOSE_BQ, "RadionuclideHalfLife": HALF_LIFE_S}
    return [item(**{**known, "RadiopharmaceuticalStartTime": "083000.00", **more})]


def pet(folder, stored=None, each=lambda i: {}, **attributes):
    stored = noise(4, 6, 6) if stored is None else stored
    slopes = np.resize(SLOPES, len(stored))
    defaults = {
        "SOPClassUID": PositronEmissionTomographyImageStorage,
        "Modality": "PT",
        "Units": "BQML",
        "DecayCorrection": "START",
        "CorrectedImage": ["ATTN", "DECY", "SCAT"],
        "SeriesDate": "20240102",
        "SeriesTime": "093000",
        "AcquisitionDate": "20240102",
        "AcquisitionTime": "093000",
        "PatientWeight": WEIGHT_KG,
        "RescaleIntercept": 0,
        "RadiopharmaceuticalInformationSequence": tracer(),
    }
    write_series(folder, stored, each=lambda i: {"RescaleSlope": slopes[i], **each(i)}, **{**defaults, **attributes})
    return stored * slopes[:, None, None]


def closed_form(activity_bq_ml, seconds):
    """SUVbw = activity * weight in grams / decayed dose."""
    return activity_bq_ml * WEIGHT_KG * 1000 / (DOSE_BQ * 0.5 ** (seconds / HALF_LIFE_S))


def test_values_pet_is_given_as_suv_by_the_formula(tmp_path):
    activity = pet(tmp_path)
    scan = read_one(tmp_path)
    assert (scan.units, scan.modality) == ("SUVbw", Modality.NUCLEAR_MEDICINE)
    assert np.allclose(scan.voxels, closed_form(activity, 3600), rtol=1e-6)
    assert WarningCode.VALUES_NOT_SUV not in codes(scan)


def test_values_a_hand_worked_example(tmp_path):
    # 370 MBq two half-lives before the scan leave 92.5 MBq; 70 kg at 5,285.71 Bq/ml is 4 g/ml.
    dose = tracer(RadionuclideTotalDose=3.7e8, RadionuclideHalfLife=1800.0)
    stored = np.array([5285, 5286, 0, 100], np.int16).reshape(1, 2, 2).repeat(4, axis=0)
    own = {"PatientWeight": 70, "RadiopharmaceuticalInformationSequence": dose}
    pet(tmp_path, stored, each=lambda i: {"RescaleSlope": 1, "InstanceNumber": i}, **own)
    assert read_one(tmp_path).voxels[0, 0] == pytest.approx([5285 * 70e3 / 92.5e6, 5286 * 70e3 / 92.5e6], rel=1e-6)


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ({"DecayCorrection": "ADMIN"}, 0),
        ({"RadiopharmaceuticalInformationSequence": tracer(RadiopharmaceuticalStartTime="233000")}, 10 * 3600),
        (
            {
                "RadiopharmaceuticalInformationSequence": tracer(
                    RadiopharmaceuticalStartDateTime="20240102090000.500000"
                )
            },
            1799.5,
        ),
        ({"SeriesTime": "092959.5", "AcquisitionTime": "094500"}, 3599.5),
    ],
)
def test_values_the_time_to_which_the_dose_decays(tmp_path, attributes, seconds):
    activity = pet(tmp_path, **attributes)
    assert np.allclose(read_one(tmp_path).voxels, closed_form(activity, seconds), rtol=1e-6)


def test_values_a_series_time_of_processing_is_replaced_by_that_of_the_scan(tmp_path):
    activity = pet(tmp_path, SeriesTime="150000")
    assert "series time" in message(read_one(tmp_path), WarningCode.VALUES_NOT_SUV)
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20240102092000")
        dataset.save_as(path)
    assert np.allclose(read_one(tmp_path).voxels, closed_form(activity, 3000), rtol=1e-6)


def test_values_later_beds_do_not_vouch_for_the_series_time(tmp_path):
    # The first slice was acquired before the series "began": that time is not the scan's.
    times = ("092500", "093500", "094000", "094500")
    pet(tmp_path, each=lambda i: {"RescaleSlope": SLOPES[i], "AcquisitionTime": times[i]})
    assert "series time" in message(read_one(tmp_path), WarningCode.VALUES_NOT_SUV)


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"PatientWeight": None}, "PatientWeight is missing"),
        ({"PatientWeight": 0}, "PatientWeight is missing"),
        ({"CorrectedImage": ["ATTN"]}, "corrected for DECY"),
        ({"DecayCorrection": "NONE"}, "NONE, neither START nor ADMIN"),
        ({"RadiopharmaceuticalInformationSequence": None}, "RadionuclideTotalDose is missing"),
        ({"RadiopharmaceuticalInformationSequence": tracer(RadionuclideTotalDose=400.0)}, "400 Bq cannot be right"),
        ({"RadiopharmaceuticalInformationSequence": tracer(RadiopharmaceuticalStartTime=None)}, "time of injection"),
        (
            {"RadiopharmaceuticalInformationSequence": tracer(RadiopharmaceuticalStartDateTime="20240103080000")},
            "after the scan",
        ),
    ],
)
def test_values_without_all_the_formula_needs_it_stays_activity(tmp_path, attributes, why):
    activity = pet(tmp_path, **attributes)
    scan = read_one(tmp_path)
    assert scan.units == "Bq/ml"
    assert np.allclose(scan.voxels, activity)
    assert why in message(scan, WarningCode.VALUES_NOT_SUV)


@pytest.mark.parametrize(
    ("attributes", "units"),
    [
        ({"Units": "GML"}, "SUVbw"),
        ({"Units": "GML", "SUVType": "LBM"}, "SUVlbm"),
        ({"Units": "CNTS"}, "counts"),
        ({"Units": None}, "stored"),
    ],
)
def test_values_other_units_are_named_and_not_changed(tmp_path, attributes, units):
    activity = pet(tmp_path, **attributes)
    scan = read_one(tmp_path)
    assert scan.units == units
    assert np.allclose(scan.voxels, activity)
    assert (WarningCode.VALUES_NOT_SUV in codes(scan)) is (attributes.get("Units") != "GML")


def test_values_windows_and_padding_follow(tmp_path):
    pet(tmp_path, WindowCenter=1000, WindowWidth=2000, PixelPaddingValue=5, each=lambda i: {"RescaleSlope": 2})
    scan = read_one(tmp_path)
    factor = closed_form(1.0, 3600)
    (window,) = scan.windows
    assert window == Window(pytest.approx(1000 * factor), pytest.approx(2000 * factor))
    assert scan.padding == pytest.approx((10 * factor, 10 * factor))


def test_values_an_impossible_uptake_is_flagged(tmp_path):
    pet(tmp_path, PatientWeight=72500)
    assert WarningCode.VALUES_OUT_OF_RANGE in codes(read_one(tmp_path))
