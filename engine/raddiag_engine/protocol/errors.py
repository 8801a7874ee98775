"""What is wrong with a message."""

from __future__ import annotations

from raddiag_engine.errors import RaddiagError


class ProtocolError(RaddiagError):
    """Bytes that are not the message they should be; its text names the part at fault."""
