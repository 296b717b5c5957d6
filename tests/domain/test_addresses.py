"""I1: which e-mail addresses are one address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import address_of
from tests.given import after, kinds, outcomes, plan, registered

HEADER = "email,first_name,last_name"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@acme.example", "ANNA@Acme.Example"),
        ("zoë@acme.example", "ZOË@ACME.EXAMPLE"),
        ("zoe\u0308@acme.example", "zo\u00eb@acme.example"),
        ("anna@straße.example", "Anna@STRAẞE.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("anna@straße.example", "anna@XN--STRAE-OQA.EXAMPLE"),
        ("anna@mail.müller.example", "anna@mail.xn--mller-kva.example"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        ("anna@πσς.example", "anna@xn--1xaec.example"),
        ("anna@\u03a3\u0391\u03a3.example", "anna@\u03c3\u03b1\u03c3.example"),
        ("anna@例え.example", "anna@xn--r8jz45g.example"),
        ("anna@\uff41\uff43\uff4d\uff45.example", "anna@acme.example"),
        ("anna@bücher.example", "anna@bu\u0308cher.example"),
        ("İnci@acme.example", "i\u0307nci@acme.example"),
    ],
)
def test_two_ways_to_write_one_address(one: str, other: str) -> None:
    """I1: Addresses compare in lower case, and a domain compares as IDNA has it, so that its form
    for machines is the same domain. A row with the other way to write it means the same employee.
    """
    # given
    known = registered(f"{one},Anna,Bakker", HEADER)

    # when
    found = plan(f"{HEADER}\n{other},Anna,Bakker\n", known=[known])

    # then
    assert address_of(one) == address_of(other)
    assert outcomes(found) == ["unchanged"]
    assert after(found, [known])[0].email == known.email


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("strauß@acme.example", "strauss@acme.example"),
        ("STRAUẞ@acme.example", "STRAUSS@acme.example"),
        ("anna@straße.example", "anna@strasse.example"),
        ("anna@xn--strae-oqa.example", "anna@strasse.example"),
        ("inci@acme.example", "İnci@acme.example"),
        ("\u0131ld\u0131z@acme.example", "ildiz@acme.example"),
        ("anna@acme.example", "anna@acmé.example"),
        ("oﬃce@acme.example", "office@acme.example"),
        ("anna@faß.example", "anna@fass.example"),
        ("anna@\u03c3\u03b1\u03c2.example", "anna@\u03c3\u03b1\u03c3.example"),
    ],
)
def test_two_addresses_of_two_people(one: str, other: str) -> None:
    """I1: Different letters are different addresses, also where they count as alike in a search."""
    # given
    known = registered(f"{one},Anna,Bakker", HEADER)

    # when
    found = plan(f"{HEADER}\n{other},Zoe,Cramer\n", known=[known])

    # then
    assert kinds(found) == ["registered"]
    assert after(found, [known])[0] == known


@pytest.mark.parametrize(
    "domain",
    [
        "xn--",
        "xn--a",
        "xn--acme-.example",
        "xn--\u00fc.example",
        "xn--99999999",
        "xn--strae-oqa1",
        "xn--" + "a" * 60,
        "xn--ls8h.example",
        "a..b",
        "ü" * 300,
        "",
    ],
)
def test_what_is_no_domain_is_compared_as_it_is_written(domain: str) -> None:
    """I1: A domain that IDNA does not know compares in lower case; nothing fails."""
    # when / then
    assert address_of(f"Anna@{domain.upper()}") == address_of(f"anna@{domain}")
    assert address_of(f"anna@{domain}") != address_of(f"anna@x{domain}")


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["", ".xn--strae-oqa", ".ß"]))
def test_the_form_of_an_address_has_the_same_form(local: str, domain: str, end: str) -> None:
    """I1: What is compared is compared with itself: the form of a form is the form."""
    # given
    address = address_of(f"{local}@{domain}{end}")

    # when / then
    assert address_of(address) == address
