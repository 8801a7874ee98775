"""One faulty service for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.service.service_process import FAULTY_WORKER, ServiceProcess, running_service


@pytest.fixture(scope="module")
def faulty_service() -> Iterator[ServiceProcess]:
    """The demo model behind a worker that meets the faults that a case asks for; a short grace and queue."""
    limits = {"cancel_grace_seconds": 0.5, "queued_jobs": 2, "store_bytes": 40_000, "kept_jobs": 3}
    with running_service("demo", worker=FAULTY_WORKER, limits=limits) as service:
        service.wait_for(("ready",))
        yield service
