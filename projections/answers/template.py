"""The header of a delivery, to hand to a customer: every field under the name they may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from domain.company import Company, CustomType
from domain.delivery.header import read_header
from domain.fields.table import COLUMNS, FIELD_OF, MANDATORY, Holds, custom_field, is_custom


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
    fields = (*COLUMNS, *(configured_custom_fields(company) if company else ()))
    return tuple(
        TemplateColumn(
            column=name,
            field=field,
            mandatory=field in MANDATORY,
            holds=_holds(field, custom),
        )
        for field, name in _named(fields, mapping)
    )


def _holds(field: str, custom: Mapping[str, CustomType]) -> Holds:
    if is_custom(field):
        return custom_field(field, custom.get(field, CustomType.TEXT)).holds
    return FIELD_OF[field].holds


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
