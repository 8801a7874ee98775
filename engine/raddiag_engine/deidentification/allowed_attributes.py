"""The DICOM attributes that a copy may hold: what the readers use, and what says how the picture was made.

Nothing here names or describes a person, a place or a device. Whatever is not listed is dropped: private and overlay
groups, and everything that later editions of the standard may add.
"""

from __future__ import annotations

IMAGE = """
SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID Modality ImageType SeriesNumber
InstanceNumber AcquisitionNumber ImagesInAcquisition PatientPosition PatientOrientation Laterality ImageLaterality
BodyPartExamined BurnedInAnnotation RecognizableVisualFeatures LossyImageCompression LossyImageCompressionRatio
LossyImageCompressionMethod PresentationLUTShape PresentationIntentType TemporalPositionIdentifier
NumberOfTemporalPositions TemporalResolution ConversionType ColorSpace
StudyDate StudyTime SeriesDate SeriesTime AcquisitionDate AcquisitionTime AcquisitionDateTime ContentDate ContentTime
StudyDescription SeriesDescription ProtocolName PerformedProcedureStepDescription
"""
GEOMETRY = """
PixelSpacing ImageOrientationPatient ImagePositionPatient SliceThickness SpacingBetweenSlices SliceLocation
ImagerPixelSpacing NominalScannedPixelSpacing PixelSpacingCalibrationType EstimatedRadiographicMagnificationFactor
DistanceSourceToDetector DistanceSourceToPatient PixelAspectRatio GantryDetectorTilt TableHeight
DataCollectionDiameter ReconstructionDiameter ViewPosition PositionerPrimaryAngle PositionerSecondaryAngle
PositionerMotion ViewCodeSequence ViewModifierCodeSequence AnatomicRegionSequence AnatomicRegionModifierSequence
SequenceOfUltrasoundRegions RegionSpatialFormat RegionDataType RegionFlags RegionLocationMinX0 RegionLocationMinY0
RegionLocationMaxX1 RegionLocationMaxY1 ReferencePixelX0 ReferencePixelY0 PhysicalUnitsXDirection
PhysicalUnitsYDirection ReferencePixelPhysicalValueX ReferencePixelPhysicalValueY PhysicalDeltaX PhysicalDeltaY
GridFrameOffsetVector DetectorInformationSequence
"""
PIXELS = """
SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns BitsAllocated BitsStored
HighBit PixelRepresentation SmallestImagePixelValue LargestImagePixelValue SmallestPixelValueInSeries
LargestPixelValueInSeries PixelPaddingValue PixelPaddingRangeLimit PixelIntensityRelationship
PixelIntensityRelationshipSign
RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor
RedPaletteColorLookupTableData GreenPaletteColorLookupTableData BluePaletteColorLookupTableData
SegmentedRedPaletteColorLookupTableData SegmentedGreenPaletteColorLookupTableData
SegmentedBluePaletteColorLookupTableData
PixelData FloatPixelData DoubleFloatPixelData FloatPixelPaddingValue DoubleFloatPixelPaddingValue
RescaleIntercept RescaleSlope RescaleType ModalityLUTSequence ModalityLUTType VOILUTSequence LUTDescriptor LUTData
LUTExplanation WindowCenter WindowWidth WindowCenterWidthExplanation VOILUTFunction
RealWorldValueMappingSequence RealWorldValueIntercept RealWorldValueSlope RealWorldValueFirstValueMapped
RealWorldValueLastValueMapped MeasurementUnitsCodeSequence DoseUnits DoseGridScaling
"""
FRAMES = """
SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence FrameContentSequence PlanePositionSequence
PlaneOrientationSequence PixelMeasuresSequence PlanePositionVolumeSequence PlaneOrientationVolumeSequence
ImagePositionVolume ImageOrientationVolume FrameVOILUTSequence PixelValueTransformationSequence
CTImageFrameTypeSequence MRImageFrameTypeSequence PETFrameTypeSequence XRay3DFrameTypeSequence
USImageDescriptionSequence FrameType VolumetricProperties VolumeBasedCalculationTechnique PixelPresentation
ComplexImageComponent AcquisitionContrast FrameAcquisitionNumber StackID InStackPositionNumber DimensionIndexValues
TemporalPositionIndex TemporalPositionTimeOffset FrameAcquisitionDateTime FrameReferenceDateTime
FrameAcquisitionDuration FrameAnatomySequence FrameLaterality DimensionOrganizationSequence DimensionOrganizationUID
DimensionIndexSequence DimensionIndexPointer FunctionalGroupPointer DimensionOrganizationType ConcatenationUID
SOPInstanceUIDOfConcatenationSource InConcatenationNumber InConcatenationTotalNumber ConcatenationFrameOffsetNumber
FrameTime FrameTimeVector CineRate FrameDelay RecommendedDisplayFrameRate PreferredPlaybackSequencing
FrameIncrementPointer ActualFrameDuration RecommendedViewingMode MaskSubtractionSequence MaskOperation MaskFrameNumbers
ApplicableFrameRange ContrastFrameAveraging MaskSubPixelShift TIDOffset
"""
ACQUISITION = """
KVP ExposureTime XRayTubeCurrent Exposure ExposureInuAs FocalSpots ConvolutionKernel FilterType SpiralPitchFactor
SingleCollimationWidth TotalCollimationWidth TableSpeed TableFeedPerRotation CTDIvol ScanOptions RotationDirection
CTReconstructionSequence CTAcquisitionTypeSequence AcquisitionType
ScanningSequence SequenceVariant MRAcquisitionType RepetitionTime EchoTime InversionTime NumberOfAverages
ImagingFrequency ImagedNucleus EchoNumbers MagneticFieldStrength NumberOfPhaseEncodingSteps EchoTrainLength
PercentSampling PercentPhaseFieldOfView PixelBandwidth TriggerTime NominalInterval AcquisitionMatrix
InPlanePhaseEncodingDirection FlipAngle SequenceName MRTimingAndRelatedParametersSequence MREchoSequence
EffectiveEchoTime MRDiffusionSequence DiffusionBValue DiffusionDirectionality DiffusionGradientDirectionSequence
DiffusionGradientOrientation CardiacSynchronizationSequence NominalCardiacTriggerDelayTime
ContrastBolusAgent ContrastBolusAgentSequence ContrastBolusUsageSequence ContrastBolusAgentNumber
ContrastBolusAgentAdministered ContrastBolusAgentDetected
Units SUVType CountsSource SeriesType DecayCorrection CorrectedImage NumberOfSlices NumberOfTimeSlices NumberOfTimeSlots
DecayFactor DoseCalibrationFactor FrameReferenceTime ImageIndex RadiopharmaceuticalInformationSequence
RadionuclideTotalDose RadionuclideHalfLife RadionuclidePositronFraction RadionuclideCodeSequence
RadiopharmaceuticalStartTime RadiopharmaceuticalStartDateTime RadiopharmaceuticalStopTime
EnergyWindowVector NumberOfEnergyWindows DetectorVector NumberOfDetectors PhaseVector NumberOfPhases RotationVector
NumberOfRotations RRIntervalVector TimeSlotVector SliceVector AngularViewVector TimeSliceVector
CodeValue CodingSchemeDesignator CodeMeaning LongCodeValue
"""
ALLOWED = frozenset(" ".join((IMAGE, GEOMETRY, PIXELS, FRAMES, ACQUISITION)).split())

# The standardised uptake value is a dose per weight: PS3.15 keeps these by its Retain Patient Characteristics Option.
ALLOWED_IN_PET = frozenset({"PatientWeight", "PatientSize"})

# Free text: of these only words of a closed vocabulary stay.
WORDS_ONLY = frozenset(
    {
        "BodyPartExamined",
        "StudyDescription",
        "SeriesDescription",
        "ProtocolName",
        "PerformedProcedureStepDescription",
        "WindowCenterWidthExplanation",
        "LUTExplanation",
    }
)

# A date and the time of day that belongs to it.
MOMENTS = {
    "StudyDate": "StudyTime",
    "SeriesDate": "SeriesTime",
    "AcquisitionDate": "AcquisitionTime",
    "ContentDate": "ContentTime",
}

CODING_SCHEMES = frozenset({"SCT", "SRT", "SNM3", "DCM", "UCUM", "RADLEX", "FMA", "LN", "MA"})
# What a code consists of; nothing of it stays without one of these schemes.
CODE = frozenset({"CodeValue", "CodeMeaning", "LongCodeValue", "CodingSchemeDesignator"})
EMPTY_IN_EVERY_FILE = (
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
    "Manufacturer",
)
EMPTY_IF_ABSENT = ("StudyDate", "StudyTime", "SeriesNumber", "InstanceNumber")
