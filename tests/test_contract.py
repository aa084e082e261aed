"""Costs, names and shapes of tensors, and what nets inherit are those of tests/data/contract.json, row by row."""

import json

import pytest

from tests.contract import FILE, Rows, contract, text

EXPECTED: dict[str, dict[str, Rows]] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Rows]]:
    return json.loads(json.dumps(contract()))


def test_the_tables_are_the_same_ones(found: dict[str, dict[str, Rows]]) -> None:
    assert {part: list(tables) for part, tables in found.items()} == {k: list(v) for k, v in EXPECTED.items()}
    assert text(EXPECTED) == FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("part", "table"), [(part, table) for part in EXPECTED for table in EXPECTED[part]])
def test_a_table_is_the_contracts(part: str, table: str, found: dict[str, dict[str, Rows]]) -> None:
    assert found[part][table] == EXPECTED[part][table]
