"""Saliency maps on their way back: 16-bit fixed point, half the size of float32.

A map is in [0, 1], where steps of 1/65535 are 32 times finer than half floats near 1 (error under 8e-6, far below
one step of any colour map). 0 stays 0 and 1 stays 1; what is above 0 stays above 0, at one step or more. A dark map
sends no values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.errors import ConfigError
from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.strict_json import read_object
from raddiag_engine.protocol.tensors import Part, from_bytes, to_parts
from raddiag_engine.saliency.methods import Method
from raddiag_engine.saliency.saliency_map import SaliencyMap

STEPS = 65535
METADATA_KEY = "maps"
MAX_HEADER_BYTES = 64 * 2**20


@dataclass(frozen=True)
class MapHeader:
    """Everything of a `SaliencyMap` but its values.

    Attributes:
        tensor: Name of the array of the values; None for a dark map.
        shape: Of the values.

    The others are those of `SaliencyMap`.
    """

    tensor: str | None
    shape: tuple[int, ...]
    scan_id: str
    disorder: str
    method: Method
    scale: float
    peak: tuple[int, ...]
    slice_resolution: float
    cell: tuple[float, ...]
    case_hash: str
    input_hash: str
    model_sha256: str


@dataclass(frozen=True)
class MapHeaders:
    """For each disorder the header of each scan's map."""

    disorders: tuple[tuple[MapHeader, ...], ...]


def pack_maps(maps: Sequence[Sequence[SaliencyMap]]) -> tuple[dict[str, Any], dict[str, NDArray[np.uint16]]]:
    """Headers as JSON data, and the values that are not dark."""
    arrays: dict[str, NDArray[np.uint16]] = {}
    headers = []
    for of_disorder in maps:
        of_scans = []
        for saliency in of_disorder:
            tensor = None if saliency.is_dark else str(len(arrays))
            if tensor is not None:
                arrays[tensor] = to_fixed_point(saliency.values)
            of_scans.append(_header(saliency, tensor))
        headers.append(tuple(of_scans))
    return to_mapping(MapHeaders(tuple(headers))), arrays


def maps_to_parts(headers: Mapping[str, Any], arrays: Mapping[str, NDArray[np.uint16]]) -> list[Part]:
    """The safetensors file of packed maps, in parts that share their memory."""
    return to_parts(arrays, {METADATA_KEY: json.dumps(headers, separators=(",", ":"), allow_nan=False)})


def maps_from_bytes(body: bytes | bytearray | memoryview) -> list[list[SaliencyMap]]:
    """The maps in a file, float32.

    Raises:
        ProtocolError: It holds something else.
    """
    arrays, metadata = from_bytes(body, MAX_HEADER_BYTES)
    try:
        headers = from_mapping(MapHeaders, read_object(metadata[METADATA_KEY].encode("utf-8")))
        return [[_map(header, arrays) for header in of_disorder] for of_disorder in headers.disorders]
    except (KeyError, ConfigError) as error:
        raise ProtocolError(f"not a file of saliency maps: {error}") from error


def to_fixed_point(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Values in [0, 1] as steps of 1/65535, slice by slice, so that no float copy of a whole volume is made."""
    steps = np.empty(values.shape, np.uint16)
    slices, planes = (values[None], steps[None]) if values.ndim == 2 else (values, steps)
    for plane, slice_values in zip(planes, slices, strict=True):
        np.rint(slice_values * np.float32(STEPS), out=plane, casting="unsafe")
        plane[(plane == 0) & (slice_values > 0)] = 1
    return steps


def from_fixed_point(steps: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The inverse of `to_fixed_point`."""
    return np.divide(steps, np.float32(STEPS), dtype=np.float32)


def _header(saliency: SaliencyMap, tensor: str | None) -> MapHeader:
    return MapHeader(
        tensor=tensor,
        shape=tuple(saliency.values.shape),
        scan_id=saliency.scan_id,
        disorder=saliency.disorder,
        method=saliency.method,
        scale=saliency.scale,
        peak=saliency.peak,
        slice_resolution=saliency.slice_resolution,
        cell=saliency.cell,
        case_hash=saliency.case_hash,
        input_hash=saliency.input_hash,
        model_sha256=saliency.model_sha256,
    )


def _map(header: MapHeader, arrays: Mapping[str, NDArray[Any]]) -> SaliencyMap:
    if header.tensor is None:
        values = np.zeros(header.shape, np.float32)
    else:
        steps = arrays[header.tensor]
        if steps.dtype != np.uint16 or steps.shape != header.shape:
            raise ProtocolError("not a file of saliency maps: an array is not of the announced type and shape")
        values = from_fixed_point(steps)
    return SaliencyMap(
        scan_id=header.scan_id,
        disorder=header.disorder,
        method=header.method,
        values=values,
        scale=header.scale,
        peak=header.peak,
        slice_resolution=header.slice_resolution,
        cell=header.cell,
        case_hash=header.case_hash,
        input_hash=header.input_hash,
        model_sha256=header.model_sha256,
    )
