"""Which protocol this program speaks, and what to say to one that speaks another."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

# Raised when a message changes so that an older program would misread it.
PROTOCOL = 2


def package_version() -> str:
    """Version of the installed distribution, for messages."""
    try:
        return version("napari-raddiag")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"


def protocol_mismatch(protocol: object, package: object, where: str) -> str | None:
    """One line if the service speaks another protocol, None if it speaks this one.

    Args:
        protocol: As the service says.
        package: Its version of napari-raddiag.
        where: Its address.
    """
    if protocol == PROTOCOL:
        return None
    if not isinstance(protocol, int):
        return f"{where} does not say which RadDiag protocol it speaks; it is no RadDiag engine, or a very old one"
    older = "this program" if protocol > PROTOCOL else "the engine"
    return (
        f"the engine at {where} speaks protocol {protocol} (napari-raddiag {package}) and this program protocol "
        f"{PROTOCOL} (napari-raddiag {package_version()}); update {older}"
    )
