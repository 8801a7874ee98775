"""Copies of scans that do not say whose they are: DICOM PS3.15 Basic Profile, as a list of what may stay.

What is not on the list is not copied, so that an attribute nobody thought of cannot give a patient away.
"""
