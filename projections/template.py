"""The header of a delivery, to hand to a customer: every field under the name they may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec

from domain.company import Company, CustomType
from domain.fields import FIELDS, MANDATORY, is_custom, read_header

Holds: TypeAlias = Literal["text", "e-mail", "date", "language", "group", "decimal", "integer"]
"""What a column holds, in a word."""

_HOLDS: dict[str, Holds] = {
    "email": "e-mail",
    "onboarding_date": "date",
    "offboarding_date": "date",
    "probation_period_end_date": "date",
    "birthday": "date",
    "work_anniversary": "date",
    "marriage_date": "date",
    "language": "language",
    "group_name": "group",
}
_CUSTOM_HOLDS: dict[CustomType, Holds] = {
    CustomType.TEXT: "text",
    CustomType.DECIMAL: "decimal",
    CustomType.INTEGER: "integer",
    CustomType.DATE: "date",
}


class TemplateColumn(msgspec.Struct, frozen=True):
    """One column as `template` answers: the customer's name of it, and the field it means."""

    column: str
    field: str
    mandatory: bool
    holds: Holds


def template(company: Company | None = None) -> tuple[TemplateColumn, ...]:
    """The columns of a delivery, mandatory ones first; those of `company` where one is given.

    A field has the company's own name for it, the first of several. One whose usual name the
    company gave to another field, and that got no other, cannot be delivered and is left out.
    """
    mapping: Mapping[str, str] = company.fields if company else {}
    custom: Mapping[str, CustomType] = company.custom_fields if company else {}
    fields = (*FIELDS, *(configured_custom_fields(company) if company else ()))
    return tuple(
        TemplateColumn(
            column=name,
            field=field,
            mandatory=field in MANDATORY,
            holds=_HOLDS.get(field) or _CUSTOM_HOLDS[custom.get(field, CustomType.TEXT)],
        )
        for field, name in _named(fields, mapping)
    )


def configured_custom_fields(company: Company) -> tuple[str, ...]:
    """The custom fields that the company declares, then those it only has a column for (W7)."""
    mapped = (field for field in company.fields.values() if is_custom(field))
    return tuple(dict.fromkeys((*company.custom_fields, *mapped)))


def _named(fields: tuple[str, ...], mapping: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each field with the name of its column, as a header would be understood (F4)."""
    for field in fields:
        own = (theirs for theirs, ours in mapping.items() if ours == field)
        name = next(own, field)
        columns, _ = read_header((name,), mapping)
        if columns.fields == ((0, field),):
            yield field, name
