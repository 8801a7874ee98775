"""DICOM: files to series, series to scans, with the geometry checked on the way."""

from raddiag_engine.reading.dicom.series import read_dicom_files

__all__ = ["read_dicom_files"]
