"""A screen for the tests of the window: the one there is, else a virtual one (Xvfb) that dies with the test process."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys


def ensure_display() -> None:
    """Set DISPLAY to a virtual screen on a Linux machine without one.

    Raises:
        RuntimeError: There is neither a screen nor Xvfb; the window cannot be tested.
    """
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY"):
        return
    if shutil.which("Xvfb") is None:
        raise RuntimeError("the viewer's tests need a screen: set DISPLAY or install Xvfb (apt-get install xvfb)")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    atexit.register(server.kill)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    if not number:
        raise RuntimeError("Xvfb did not start; the viewer's tests need a screen")
    os.environ["DISPLAY"] = f":{number}"
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
