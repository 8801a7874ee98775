"""The model card as text and table, made from the card of the bundled model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_raddiag.data_models.card_table import HEAD, CardTable
from napari_raddiag.data_models.card_text import card_html, disorder_rows
from raddiag_engine.models.card import ModelCard, read_card
from raddiag_engine.models.encoder_card import EncoderCard
from raddiag_engine.network.config import HeadConfig
from raddiag_resources import path_of


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return read_card(path_of("demo_model") / "card.json")


def test_card_says_what_it_is_for_and_not_for_and_what_it_learned_from(card: ModelCard) -> None:
    html = card_html(card)
    assert card.intended_use in html
    assert "does not exclude any other disorder" in html
    for source in card.sources:
        assert source.name.replace("&", "&amp;") in html
    assert "synthetic" in html
    assert card.weights_sha256 in html
    assert all(name in html for name in card.evaluation)


def test_card_says_whether_one_can_ask_by_name(card: ModelCard) -> None:
    takes_none = replace(card, network=replace(card.network, head=HeadConfig("linear")), knowledge_encoder=None)
    assert "none that is asked for by name" in card_html(takes_none)
    takes = replace(
        card,
        network=replace(card.network, head=HeadConfig("knowledge")),
        knowledge_encoder=EncoderCard("e", "hashed_ngram", "a"),
    )
    assert "by the text of their names" in card_html(takes)


def test_texts_of_a_card_from_anywhere_are_escaped(card: ModelCard) -> None:
    assert "<script>" not in card_html(replace(card, description="<script>x</script>", shortcuts=("<script>",)))


def test_rows_are_as_wide_as_the_head_and_say_real_or_synthetic(card: ModelCard) -> None:
    rows = {row[0]: row for row in disorder_rows(card)}
    assert len(rows) == len(card.disorders)
    assert {len(row) for row in rows.values()} == {len(HEAD)}
    learned = {disorder.name: disorder.learned_from for disorder in card.disorders}
    assert all(rows[name][2] == learned[name] for name in learned)
    assert "MRI: lower limb" in rows["Baker cyst"][5]


def test_table_is_searched_by_name_and_code(card: ModelCard) -> None:
    table = CardTable()
    table.set_card(card)
    assert table.rowCount() == len(card.disorders)
    table.set_text("BAKER")
    assert [table.index(row, 0).data() for row in range(table.rowCount())] == ["Baker cyst"]
    table.set_text("m71.2")
    assert table.rowCount() == 1
