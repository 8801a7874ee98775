"""The closed vocabularies of a scan: imaging modality, anatomy and plane."""

from __future__ import annotations

from enum import StrEnum


class Modality(StrEnum):
    """The nine imaging modalities of the paper (section 3.2), and unknown."""

    CT = "CT"
    MRI = "MRI"
    XRAY = "X-ray"
    ULTRASOUND = "ultrasound"
    FLUOROSCOPY = "fluoroscopy"
    NUCLEAR_MEDICINE = "nuclear medicine"
    MAMMOGRAPHY = "mammography"
    DSA = "DSA"
    BARIUM_ENEMA = "barium enema"
    UNKNOWN = "unknown"


class Anatomy(StrEnum):
    """The seven anatomies of the paper (section 3.2), mixed, and unknown."""

    HEAD_AND_NECK = "head and neck"
    SPINE = "spine"
    CHEST = "chest"
    BREAST = "breast"
    ABDOMEN_AND_PELVIS = "abdomen and pelvis"
    UPPER_LIMB = "upper limb"
    LOWER_LIMB = "lower limb"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Plane(StrEnum):
    """How the slices of a scan lie in the body, or how a projection was taken."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    OBLIQUE = "oblique"
    FRONTAL = "frontal"
    LATERAL = "lateral"
    UNKNOWN = "unknown"
