"""What a gzip file holds, part by part: each part is of bounded size, and every checksum is tested.

Straight on zlib: Python's own reader hands the bytes through three buffers and computes the checksum a second time,
which takes as long as the decompression itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO

CODED_BYTES = 2**18
PART_BYTES = 2**20
GZIP = zlib.MAX_WBITS | 16


def inflated_parts(file: IO[bytes]) -> Iterator[bytes]:
    """The content of an open gzip file, its members one after another; zeros behind a member are filling.

    Raises:
        EOFError: The file ends within a member.
        zlib.error: It is damaged, or a checksum does not agree.
    """
    inflater = zlib.decompressobj(GZIP)
    is_begun = False
    while coded := file.read(CODED_BYTES):
        while coded:
            if inflater.eof:
                coded = coded.lstrip(b"\0")
                if not coded:
                    break
                inflater = zlib.decompressobj(GZIP)
            is_begun = True
            if part := inflater.decompress(coded, PART_BYTES):
                yield part
            coded = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    while is_begun and not inflater.eof:  # what is left inside
        part = inflater.decompress(b"", PART_BYTES)
        if not part and not inflater.eof:
            raise EOFError
        yield part
