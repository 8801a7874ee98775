"""Command line assignments laid over plain data."""

from __future__ import annotations

import pytest

from raddiag_engine.configuration import with_overrides
from raddiag_engine.errors import ConfigError


def test_assignments_make_the_tables_they_need() -> None:
    data = {"network": {"embedding_width": 256}}
    merged = with_overrides(data, ["network.embedding_width=3", "network.fusion.heads=2", "card.name=mine"])
    assert merged == {"network": {"embedding_width": 3, "fusion": {"heads": 2}}, "card": {"name": "mine"}}
    assert data == {"network": {"embedding_width": 256}}


@pytest.mark.parametrize("assignment", ["network.embedding_width.x=3", "network.embedding_width.x.y=3"])
@pytest.mark.parametrize("value", [256, "wide", [1, 2]])
def test_an_assignment_inside_a_plain_value_is_refused(assignment: str, value: object) -> None:
    with pytest.raises(ConfigError, match=r"'network\.embedding_width' is .* no table"):
        with_overrides({"network": {"embedding_width": value}}, [assignment])


def test_an_assignment_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        with_overrides({}, ["network.encoder"])
