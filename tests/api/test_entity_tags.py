"""Entity tags: strong, and known by weak comparison."""

import pytest

from api.entity_tags import entity_tag, is_known

TAG = entity_tag("one version")


def test_a_tag_is_strong_and_its_own() -> None:
    assert TAG == entity_tag("one version") != entity_tag("another")
    assert TAG.startswith('"')
    assert TAG.endswith('"')
    assert TAG[1:-1].isalnum()


def test_any_text_has_one() -> None:
    assert entity_tag("学生 \udc2f") != entity_tag("学生")


@pytest.mark.parametrize(
    "values",
    [[TAG], ["*"], [f"W/{TAG}"], [f'"a", {TAG}'], [f'"a,b",W/"c" ,{TAG} '], ['"a"', TAG], [f'"",{TAG}']],
)
def test_it_is_known_in_every_form(values: list[str]) -> None:
    assert is_known(TAG, values)


@pytest.mark.parametrize(
    "values", [[], [""], ['"a"'], [TAG.strip('"')], [f'"a{TAG}'], ['"*"'], [TAG.upper()]]
)
def test_others_are_not(values: list[str]) -> None:
    assert not is_known(TAG, values)
