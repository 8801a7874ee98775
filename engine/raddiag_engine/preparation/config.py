"""How a scan is made into the network's input: data, stored in the model card. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from raddiag_engine.configuration import require_counts


@dataclass(frozen=True)
class PreparationConfig:
    """The preparation a model was trained with.

    Attributes:
        image_size_px: Height and width of a prepared 2D image.
        volume_size_px: Height and width of the slices of a prepared volume.
        depth: Slices of a prepared volume (16, 24 or 32 in the paper); with "subsample" the most there can be.
        depth_rule: "resample" interpolates along depth to exactly `depth` slices (section 6.1.2);
            "subsample" keeps acquired slices, evenly spaced, and never more than there are (the release).
        image_slices: Equal slices a 2D image enters as: 1, or 3 in the release.
        windowing: "window" windows a scan of known modality (preset, header, else percentiles);
            "stored" takes the values as windowed already if they are 8-bit, else windows all the same.
        quantise_8bit: Round prepared values to 0 to 255, as the released data are stored and as a trainer's cache
            holds them: viewer, command line and training then see the same numbers.
        range_over: "scan" maps the window to [0, 1]; "case" takes one min-max over all scans of the case,
            zero-padding included (the release).
        mask_padding: Set "no data" voxels to the window's low end before resampling.
        antialias: Average over the area when shrinking in the slice, instead of bilinear sampling.
        modality_ids: Modality name -> ids, for the first, second, ... scan of that modality in a case;
            the last one serves all further ones. Id 0 is a padded scan in the release, unknown elsewhere.
    """

    image_size_px: int = 512
    volume_size_px: int = 512
    depth: int = 32
    depth_rule: Literal["resample", "subsample"] = "resample"
    image_slices: int = 1
    windowing: Literal["window", "stored"] = "window"
    quantise_8bit: bool = True
    range_over: Literal["scan", "case"] = "scan"
    mask_padding: bool = True
    antialias: bool = True
    modality_ids: dict[str, tuple[int, ...]] = field(
        default_factory=lambda: {
            "unknown": (0,),
            "CT": (1,),
            "MRI": (2,),
            "X-ray": (3,),
            "ultrasound": (4,),
            "fluoroscopy": (5,),
            "nuclear medicine": (6,),
            "mammography": (7,),
            "DSA": (8,),
            "barium enema": (9,),
        }
    )

    def __post_init__(self) -> None:
        require_counts(self)
        if "unknown" not in self.modality_ids:
            raise ValueError("modality_ids must have an id for 'unknown', which serves every modality without one")
        for modality, ids in self.modality_ids.items():
            if not ids or min(ids) < 0:
                raise ValueError(f"modality_ids of {modality!r} must be at least one number from 0, not {list(ids)}")
