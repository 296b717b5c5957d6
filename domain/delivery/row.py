"""Reads the cells of one record into a row with typed values and issues (W1-W11, I10, L3)."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import UNSET

from domain.addresses import address_of
from domain.characters import is_unseen
from domain.company import Company
from domain.delivery.records import Sheet, split
from domain.employee.statement import Statement
from domain.fields.cells import cell_rule, clean, text_problem
from domain.fields.details import DetailsChange
from domain.issues.issue import Issue, make_issue


class Row(Statement, frozen=True):
    """The statement of one record (W), with the place of the record.

    `position` is the number of the record in the whole delivery; the first is 1. `text` is the
    record as written. A row that is rejected because of one cell holds the values of the cells that
    could be read.
    """

    file: str
    line: int
    position: int
    digest: bytes
    """The digest that recognises the same record in a later delivery."""
    text: str
    issues: tuple[Issue, ...] = ()
    """The issues of the row alone, without a comparison with other rows (W9)."""

    @property
    def cells(self) -> list[str]:
        """Returns the clean cells.

        Each call splits the text again, because few rows need their cells twice.
        """
        return [clean(cell) for cell in split(self.text)]


_NOTHING = DetailsChange()


class RowReader:
    """Reads the records of one sheet by the settings of a company.

    The settings give custom fields their types, and limit the lengths of cells. The columns are
    grouped once by the work that their cells need: a cell of `_texts` or `_custom_texts` is the
    value itself, a cell of `_typed` is converted, and a blank cell of `_blanks` has a meaning too.
    """

    def __init__(self, sheet: Sheet, company: Company) -> None:
        columns = [(index, cell_rule(field, company)) for index, field in sheet.columns.fields]
        self._file = sheet.name
        self._width, self._padded = sheet.columns.width, sheet.columns.padded
        self._columns = columns
        self._limits = [company.limits.cell] * sheet.columns.width
        self._shortest = min(rule.limit for _, rule in columns)
        self._email = next(index for index, rule in columns if rule.field == "email")
        self._external_id = next((i for i, rule in columns if rule.field == "external_id"), -1)
        self._prefix = next((i for i, rule in columns if rule.field == "prefix"), -1)
        self._no_date = frozenset(map(clean, company.policy.no_date))
        self._dates = {index for index, rule in columns if rule.date and self._no_date}
        texts = [(index, rule) for index, rule in columns if rule.read is None]
        self._texts = [(i, rule.field) for i, rule in texts if not rule.custom]
        self._custom_texts = [(i, rule.field) for i, rule in texts if rule.custom]
        self._typed = [
            (i, rule.field, rule.custom, rule.read) for i, rule in columns if rule.read is not None
        ]
        self._blanks = [(i, r.field, r.custom, r.blank) for i, r in columns if r.blank is not UNSET]

    def read(self, line: int, text: str, position: int, digest: bytes) -> Row:
        """Returns the row of a record, with all issues of its cells (W9)."""
        cells = split(text)
        if len(cells) != self._width:
            if len(cells) < self._width or not self._padded:
                return self._misfit(len(cells), line, position, digest, text)
            del cells[self._width :]  # all of them are blank (F9)
        problems: dict[int, Issue] = {}
        plain = len(text) <= self._shortest and _is_plain(text)
        if not plain:
            cells = self._cleaned(cells)
        if self._dates:
            cells = self._without_no_dates(cells)
        sound = cells
        if not plain:
            problems = self._text_problems(text, cells)
            sound = ["" if index in problems else cell for index, cell in enumerate(cells)]
        said: dict[str, Any] = {f: cell for i, f in self._texts if (cell := sound[i])}
        custom: dict[str, Any] = {f: cell for i, f in self._custom_texts if (cell := sound[i])}
        for index, field, is_custom, read in self._typed:
            cell = sound[index]
            if cell:
                value = read(cell)
                if value.__class__ is Issue:
                    problems[index] = value
                else:
                    (custom if is_custom else said)[field] = value
        for index, field, is_custom, blank in self._blanks:
            if not cells[index]:
                if blank is None:
                    (custom if is_custom else said)[field] = None
                else:
                    problems[index] = blank
        return self._row(said, custom, line, position, digest, text, cells, problems)

    def _misfit(self, width: int, line: int, position: int, digest: bytes, text: str) -> Row:
        """Returns the row of a record of another width than the header (F8).

        It is not known which cell belongs to which column, so no value is read, not even the e-mail
        address.
        """
        issue = make_issue("wrong-width", cells=width, columns=self._width)
        place = self._file, line, position, digest, text, (issue.at(self._file, line),)
        return Row("", "", None, None, UNSET, _NOTHING, *place)

    def _cleaned(self, cells: list[str]) -> list[str]:
        """Returns the clean cells. A prefix that nobody can see is blank (W11)."""
        cells = list(map(clean, cells, self._limits))
        prefix = cells[self._prefix] if self._prefix >= 0 else ""
        if len(prefix) <= self._limits[0] and is_unseen(prefix):
            cells[self._prefix] = ""
        return cells

    def _without_no_dates(self, cells: list[str]) -> list[str]:
        """Returns the cells; a date that means none is blank (W10)."""
        return [
            "" if index in self._dates and cell in self._no_date else cell
            for index, cell in enumerate(cells)
        ]

    def _text_problems(self, text: str, cells: list[str]) -> dict[int, Issue]:
        """Returns the issues of cells as text, by the index of the column."""
        if len(text) <= self._shortest and text.isascii() and text.isprintable():
            return {}  # true for most records with quotes
        found = ((index, text_problem(rule, cells[index])) for index, rule in self._columns)
        return {index: problem for index, problem in found if problem is not None}

    def _row(
        self,
        said: dict[str, Any],
        custom: dict[str, Any],
        line: int,
        position: int,
        digest: bytes,
        text: str,
        cells: list[str],
        problems: dict[int, Issue],
    ) -> Row:
        """Returns the row; the address and the external id are kept even if they are wrong (I7)."""
        email, external_id = cells[self._email], said.pop("external_id", None)
        said.pop("email", None)
        issues: list[Issue] = []
        if problems:
            issues = [problems[index] for index in sorted(problems)]
            # A placeholder counts as blank (I10).
            if (wrong := problems.get(self._external_id)) and wrong.rejects:
                external_id = cells[self._external_id]
        onboarding = said.pop("onboarding_date", None)
        offboarding = said.pop("offboarding_date", UNSET)
        if onboarding and offboarding and offboarding < onboarding:
            issues.append(_dates_out_of_order(onboarding, offboarding))
        return Row(
            email,
            address_of(email),
            external_id,
            onboarding,
            offboarding,
            DetailsChange(**said, custom=custom or UNSET),
            self._file,
            line,
            position,
            digest,
            text,
            tuple([issue.at(self._file, line, email) for issue in issues]) if issues else (),
        )


def _is_plain(text: str) -> bool:
    """Returns whether it is certain that cleaning changes no cell: true for nearly all records."""
    return (
        text.isascii()
        and text.isprintable()
        and '"' not in text
        and ", " not in text
        and " ," not in text
        and text[0] != " "
        and text[-1] != " "
    )


def _dates_out_of_order(onboarding: date, offboarding: date) -> Issue:
    """Returns the issue about an offboarding date before the onboarding date (L3)."""
    return make_issue(
        "offboarding-before-onboarding",
        "offboarding_date",
        offboarding.isoformat(),
        onboarding_date=onboarding,
    )
