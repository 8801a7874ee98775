"""What the network is given of a scan, on its way back: float32 as it is, so that what is shown is exactly that."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.tensors import Part, from_bytes, to_parts

TENSOR = "prepared"
MAX_HEADER_BYTES = 4096


def prepared_to_parts(voxels: NDArray[Any]) -> list[Part]:
    """The safetensors file of prepared voxels."""
    return to_parts({TENSOR: voxels})


def prepared_from_bytes(body: bytes | bytearray | memoryview) -> NDArray[np.float32]:
    """The voxels in a file.

    Raises:
        ProtocolError: It holds something else.
    """
    arrays, _ = from_bytes(body, MAX_HEADER_BYTES)
    voxels = arrays.get(TENSOR)
    if voxels is None or len(arrays) != 1 or voxels.dtype != np.float32:
        raise ProtocolError("not a file of prepared voxels")
    return voxels
