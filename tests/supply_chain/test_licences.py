import pytest

from supply_chain.licences import bundled_problems, is_allowed, problems
from supply_chain.policy import pins


def component(name: str, *licences: dict[str, object]) -> dict[str, object]:
    return {"name": name, "version": "1.0", "licenses": list(licences)}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR Apache-2.0", True),
        ("GPL-3.0-only AND Apache-2.0", False),
        ("MIT AND (GPL-2.0-only OR BSD-3-Clause)", True),
    ],
)
def test_an_expression_is_allowed_if_allowed_licences_meet_it(*, expression: str, expected: bool) -> None:
    """Every licence of an AND has to be allowed, one of an OR."""
    assert is_allowed(expression) is expected


@pytest.mark.parametrize(
    "licence",
    [
        {"license": {"id": "AGPL-3.0-only"}},
        {"license": {"name": "License :: Other/Proprietary License"}},
        {"expression": "MIT AND GPL-3.0-only"},
    ],
)
def test_a_package_under_another_licence_is_a_problem(licence: dict[str, object]) -> None:
    """Also words that are no SPDX expression, as old metadata have them."""
    (line,) = problems([component("pytest", licence)])

    assert line.startswith("pytest 1.0: ")


def test_a_package_that_declares_two_licences_needs_both_allowed() -> None:
    """What isn't said to be a choice is none."""
    mixed = component("pytest", {"license": {"id": "MIT"}}, {"license": {"id": "GPL-3.0-only"}})

    assert [*problems([mixed])]


def test_an_exception_of_the_policy_is_no_problem() -> None:
    """It has its reason there; its name counts in any spelling."""
    assert not [*problems([component("PySigma", {"license": {"id": "LGPL-2.1-only"}})])]


def test_notice_names_every_bundled_file_of_others() -> None:
    """And the policy knows the licence of each."""
    assert not [*bundled_problems()]


def test_pins_are_read_by_canonical_name() -> None:
    """`typing_extensions` and `Jinja2` are what requirements call typing-extensions and jinja2."""
    assert {"typing-extensions", "jinja2", "pip-audit"} <= pins().keys()
