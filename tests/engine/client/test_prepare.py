"""What the viewer shows as the network's view is what the network is given."""

from __future__ import annotations

import numpy as np
import pytest

from raddiag_engine import Engine
from raddiag_engine.cases import Window
from raddiag_engine.client import EngineClient
from raddiag_engine.errors import CaseError
from raddiag_engine.preparation import prepare_scan
from tests.engine.service.sample import sample_case


@pytest.mark.parametrize("window", [None, Window(6000, 3000)])
def test_the_prepared_scan_is_that_of_the_engine(client: EngineClient, engine: Engine, window: Window | None) -> None:
    case = sample_case()
    for scan in case.scans:
        windows = {} if window is None else {scan.id: window}
        found = client.prepare(case, scan.id, windows=windows)
        expected = prepare_scan(scan, engine.card.preparation, window=window)
        np.testing.assert_array_equal(found.voxels, expected.voxels)
        assert found.hash == expected.hash and found.plan.describe() == expected.plan.describe()


def test_a_scan_that_is_not_in_use_can_be_looked_at_too(client: EngineClient, engine: Engine) -> None:
    case = sample_case()
    left_out = case.scans[0]
    others = case.using(frozenset(scan.id for scan in case.scans[1:]))
    found = client.prepare(others, left_out.id)
    assert found.hash == prepare_scan(left_out, engine.card.preparation).hash


def test_a_scan_of_another_case_is_refused(client: EngineClient) -> None:
    with pytest.raises(CaseError, match="no scan"):
        client.prepare(sample_case(), "somewhere-else")
