"""A `.npy` file that grows along its first axis while it is written."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray


class NpyAppender:
    """Writes rows of one shape and type to a `.npy` file; the row count enters the header on closing.

    numpy pads the header so that the first axis may grow in place (NEP 1, format version 1.0).
    """

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: np.dtype[np.uint8]) -> None:
        self.rows = 0
        self._row_shape = row_shape
        self._dtype = dtype
        self._stream = path.open("wb")
        self._write_header()
        self._header_bytes = self._stream.tell()

    def __enter__(self) -> NpyAppender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, rows: NDArray[np.uint8]) -> tuple[int, int]:
        """Append rows (n, *row_shape).

        Returns:
            The first row written and the one behind the last.
        """
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(f"rows of {self._row_shape} {self._dtype} expected, not {rows.shape[1:]} {rows.dtype}")
        start = self.rows
        self._stream.write(np.ascontiguousarray(rows).data)
        self.rows += len(rows)
        return start, self.rows

    def close(self) -> None:
        """Write the final row count and close the file."""
        if self._stream.closed:
            return
        self._stream.seek(0)
        self._write_header()
        unchanged = self._stream.tell() == self._header_bytes
        self._stream.close()
        if not unchanged:
            raise RuntimeError("numpy no longer keeps room in the .npy header for the first axis to grow")

    def _write_header(self) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.rows, *self._row_shape),
        }
        np.lib.format.write_array_header_1_0(self._stream, header)
