"""The one place where what a foreign parser throws becomes a `ReadError`."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raddiag_engine.errors import RaddiagError, ReadError

MAX_DETAIL_CHARACTERS = 160
# A library quotes the value that it cannot convert, and the value may be a name that stands where a number should.
QUOTED = re.compile(r"""(?<![A-Za-z])(['"])(.*?)\1(?![A-Za-z])""")


@contextmanager
def as_read_error(path: Path, doing: str) -> Iterator[None]:
    """Turn any exception of the libraries that parse and decode into a `ReadError` about `path`.

    These libraries raise whatever their depths raise on damaged input (IndexError, struct.error, RecursionError, …),
    so that only the base class covers them.

    Args:
        path: The file at work.
        doing: What was being done, such as "decode the pixels".

    Raises:
        ReadError: Anything went wrong inside.
    """
    try:
        yield
    except RaddiagError:
        raise
    except MemoryError as error:
        # A damaged length asks for memory too.
        raise ReadError(path, f"cannot {doing}: it is damaged, or needs more memory than is allowed") from error
    except RecursionError as error:
        raise ReadError(path, f"cannot {doing}: its parts are nested too deeply") from error
    except (EOFError, zlib.error, struct.error) as error:
        raise ReadError(path, f"cannot {doing}: the file is truncated or damaged") from error
    except OSError as error:
        raise ReadError(path, f"cannot {doing}: {error.strerror or _short(error)}") from error
    except BaseException as error:
        if not is_of_decoder(error):
            raise
        raise ReadError(path, f"cannot {doing}: {_short(error)}") from error


def is_of_decoder(error: BaseException) -> bool:
    """True if a library raised it over a file; False for what ends a program, such as an interrupt.

    What goes wrong inside a library written in Rust (pylibjpeg-rle) is no `Exception`.
    """
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _short(error: BaseException) -> str:
    text = QUOTED.sub(_shown, " ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= MAX_DETAIL_CHARACTERS else text[: MAX_DETAIL_CHARACTERS - 1] + "…"


def _shown(quoted: re.Match[str]) -> str:
    """The name of an attribute of DICOM or of nothing at all; whatever else may be a person's."""
    from pydicom.datadict import tag_for_keyword

    is_known = quoted[2] == "NoneType" or tag_for_keyword(quoted[2]) is not None
    return quoted[0] if is_known else f"{quoted[1]}…{quoted[1]}"
