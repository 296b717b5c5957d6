"""The header of a delivery, to hand to a customer: the name of the column of each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from domain.company import Company, CustomType
from domain.delivery.header import read_header
from domain.fields.table import COLUMNS, FIELD_OF, MANDATORY, Holds, custom_field, is_custom


class TemplateColumn(msgspec.Struct, frozen=True):
    """One column, as `template` answers: its name in the file, and the field that it means."""

    column: str
    field: str
    mandatory: bool
    holds: Holds


def template(company: Company | None = None) -> tuple[TemplateColumn, ...]:
    """Returns the columns of a delivery of `company`, or of any company. Mandatory ones come first.

    A column has the company's own name for its field, or the first of several names. A company may
    give the usual name of one field to another field. If the first field then has no name left, it
    cannot be delivered, and is left out.
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
    """Returns the custom fields that the company declares, then those with a column only (W7)."""
    mapped = (field for field in company.fields.values() if is_custom(field))
    return tuple(dict.fromkeys((*company.custom_fields, *mapped)))


def _named(fields: tuple[str, ...], mapping: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields each field with its column's name, if a header with this name means the field (F4)."""
    for field in fields:
        own_names = (name for name, mapped in mapping.items() if mapped == field)
        name = next(own_names, field)
        columns, _ = read_header((name,), mapping)
        if columns.fields == ((0, field),):
            yield field, name
