"""Why a child process ended, in words."""

from __future__ import annotations

import signal

# Of a worker that has no room for the voxels it is sent.
EXIT_OUT_OF_MEMORY = 12


def exit_words(status: int) -> str:
    """What a return code of `subprocess` means, for the message of a job that ended with it."""
    if status >= 0:
        return f"the engine's process ended by itself (exit status {status})"
    try:
        name = signal.Signals(-status).name
    except ValueError:  # of another system, or one of the real-time signals
        name = "unnamed"
    hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
    return f"the engine's process was ended by signal {-status} ({name}){hint}"
