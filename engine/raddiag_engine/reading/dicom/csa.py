"""Siemens' CSA headers, (0029,1010) and (0029,1020): named lists of texts in a binary block.

The layout is not published; it is as nibabel and dcm2niix know it: after "SV10" and four bytes, which older software
leaves out, the number of elements and 77. An element is its name (64 bytes), multiplicity, VR (4), type, number of
items and a mark; an item is four numbers, the second its length, and its text, filled up to four bytes.
"""

from __future__ import annotations

import struct

MAGIC = b"SV10"
NUMBERS = struct.Struct("<II")
ELEMENT = struct.Struct("<64si4siii")
ITEM = struct.Struct("<4i")
MOST_ELEMENTS = 1000
MOST_ITEMS = 10_000


def csa_texts(block: bytes, name: str) -> tuple[str, ...]:
    """The texts of one element that are not empty; none if there is no such element or the block is not a CSA header.

    Args:
        block: The value of the private element.
        name: Such as "SliceNormalVector".
    """
    at = 8 if block.startswith(MAGIC) else 0
    try:
        count, _ = NUMBERS.unpack_from(block, at)
        at += NUMBERS.size
        for _ in range(min(count, MOST_ELEMENTS)):
            raw_name, _, _, _, items, _ = ELEMENT.unpack_from(block, at)
            at += ELEMENT.size
            is_wanted = raw_name.partition(b"\0")[0] == name.encode("ascii")
            texts = []
            for _ in range(min(items, MOST_ITEMS)):
                _, length, _, _ = ITEM.unpack_from(block, at)
                at += ITEM.size
                if length < 0 or at + length > len(block):
                    return ()
                texts.append(block[at : at + length].partition(b"\0")[0].decode("ascii", "replace").strip())
                at += -(-length // 4) * 4
            if is_wanted:
                return tuple(filter(None, texts))
    except struct.error:
        return ()
    return ()


def csa_numbers(block: bytes, name: str) -> tuple[float, ...]:
    """The same as numbers; none if one of them is not."""
    try:
        return tuple(map(float, csa_texts(block, name)))
    except ValueError:
        return ()
