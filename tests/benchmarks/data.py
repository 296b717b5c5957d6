"""Deliveries of any size, the same at every call."""

from __future__ import annotations

import random

HEADER = (
    "Email,First name,Prefix,Last name,Onboarding date,Offboarding date,"
    "Probation period end date,Birthday,Work anniversary,Language,Group name,External id,"
    "custom_employee_id,custom_salary"
)
GROUPS = ("Sales", "Engineering", "Support", "Finance")


STARTING = 1_000
"""The number of employees who start on the day after the first delivery."""


def people(count: int) -> list[str]:
    """Returns `count` rows of an ordinary company, one an employee; a few leave or start."""
    return [person(number) for number in range(count)]


def external_id(number: int) -> str:
    """Returns the external id of an employee."""
    return f"EX{number:07d}"


def delivery(rows: list[str]) -> bytes:
    """Returns the bytes of the file with these rows."""
    return "\n".join((HEADER, *rows, "")).encode()


def shuffled(rows: list[str]) -> list[str]:
    """Returns the same rows in another order."""
    return random.Random(1).sample(rows, len(rows))


def changed(rows: list[str], share: float) -> list[str]:
    """Returns the rows in another order; a part of them, `share` of 1, has another salary."""
    every = round(1 / share)
    return shuffled(
        [_changed(row) if number % every == 0 else row for number, row in enumerate(rows)]
    )


def person(number: int) -> str:
    """Returns the row of one employee."""
    day = f"{number % 28 + 1:02d}"
    month = f"{number % 12 + 1:02d}"
    leaves = f"2199-{month}-{day}" if number % 50 == 0 else ""
    starts = "2027-03-02" if number < STARTING else f"20{number % 24:02d}-{month}-{day}"
    prefix = "van der" if number % 3 == 0 else ""
    return (
        f"jan.jansen{number}@acme.example,Jan{number % 997},{prefix},Jansen{number},"
        f"{starts},{leaves},,19{50 + number % 50}-{month}-{day},,"
        f"{('nl', 'en', 'de', '')[number % 4]},{GROUPS[number % 4]},{external_id(number)},"
        f"{number},{2000 + number % 5000}.{number % 100:02d}"
    )


def _changed(row: str) -> str:
    start, _, _ = row.rpartition(",")
    return f"{start},9999.99"
