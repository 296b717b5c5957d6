"""The earlier layouts of the snapshot of an employee (ADR 0022)."""

from __future__ import annotations

from domain.snapshots import Layout

_FIRST_FIELDS = (
    "id",
    "version",
    "effective",
    "state",
    "email",
    "external_id",
    "details",
    "onboarding_date",
    "offboarding_date",
    "file_email",
    "file_offboarding_date",
)
_THIRD_FIELDS = (
    "id",
    "version",
    "effective",
    "state",
    "email",
    "external_id",
    "details",
    "onboarding_date",
    "offboarding_date",
    "file_email",
    "file_external_id",
    "file_onboarding_date",
    "file_offboarding_date",
    "file_details",
    "leaves_by_file",
    "closed_by_file",
    "released",
    "merged_into",
    "absorbed",
)
_UNKNOWN = {"leaves_by_file": False, "closed_by_file": False, "released": False, "absorbed": ()}
EARLIER_LAYOUTS = (
    Layout(_FIRST_FIELDS, _UNKNOWN),
    Layout(_FIRST_FIELDS, _UNKNOWN),
    Layout(_THIRD_FIELDS),
)
"""The layouts of an employee's snapshot before the present layout."""
