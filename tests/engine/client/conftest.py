"""One service with the demo model for the tests of the client, and the same engine in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from raddiag_engine import Engine
from raddiag_engine.client import EngineClient
from tests.engine.service.service_process import ServiceProcess, running_service


@pytest.fixture(scope="package")
def service() -> Iterator[ServiceProcess]:
    with running_service("demo") as running:
        yield running


@pytest.fixture(scope="package")
def engine() -> Engine:
    return Engine.load("demo", device="cpu")


@pytest.fixture
def client(service: ServiceProcess) -> Iterator[EngineClient]:
    """A client that has sent nothing yet."""
    new = EngineClient(service.url, service.token, timeout_seconds=20)
    yield new
    new.close()
