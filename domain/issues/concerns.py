"""The sentences of the safeguard: why a delivery is held, or nearly so (B1, D10, D11)."""

from __future__ import annotations

from domain.issues.issue_type import IssueType, Severity


def _held(sentence: str) -> IssueType:
    return IssueType(Severity.WARNING, sentence, lasting=False)


CONCERNS: dict[str, IssueType] = {
    "many-offboardings": _held(
        "{count} employees would get a last day, or an earlier one, more than {limit}, and {base} "
        "can log in{lately}{examples}; check the last days in the export before the run is "
        "approved{no_date}."
    ),
    "many-cancellations": _held(
        "{count} employees would no longer leave, more than {limit}, and {base} can log "
        "in{lately}{examples}; check that the export has all last days before the run is approved."
    ),
    "many-email-changes": _held(
        "{count} employees would get another e-mail address, more than {limit}, and {base} can log "
        "in{lately}{examples}; check that addresses stand beside the right people before the run "
        "is approved."
    ),
    "many-identity-changes": _held(
        "{count} employees would get another name or birthday, more than {limit}, and {base} can "
        "log in{lately}{examples}; check that the columns were not sorted apart before the run is "
        "approved."
    ),
    "many-values-cleared": _held(
        "{count} employees would lose values, more than {limit}, of {base} that are "
        "here{lately}{examples}; check that the export has all its columns filled before the run "
        "is approved."
    ),
    "many-registrations": _held(
        "{count} employees would be new, more than {limit}, beside {base} that are "
        "known{lately}{examples}; check that these people are new, and not known by other "
        "addresses or numbers, before the run is approved."
    ),
    "many-second-accounts": _held(
        "{count} new employees have the name of somebody who is not in the delivery, more than "
        "{limit}, and {base} can log in{lately}{examples}; check whether their addresses changed "
        "before the run is approved."
    ),
    "many-rejected-rows": _held(
        "{count} of {base} rows were rejected for a new reason, more than {limit}{examples}; "
        "correct the export, or have the run approved to apply the other rows{no_date}."
    ),
    "many-already-left": _held(
        "{count} of {base} rows are about people who left before they had an account, more than "
        "{limit}{examples}; check the column of last days before the run is approved{no_date}."
    ),
    "shrunken-delivery": _held(
        "The delivery has {count} rows fewer than the {base} of the last one, more than {limit}; "
        "check that the export is whole before the run is approved."
    ),
    "column-lost": _held(
        "The last delivery had values for the {field}, and this one has none, though {count} "
        "employees here have one; check that the export still has the column{approved}."
    ),
    "older-delivery": _held(
        "The newest file is of {newest} (UTC), and the last delivery was of {last}; check that no "
        "old file came back before the run is approved."
    ),
    "cut-off": _held(
        "The last line ends in the middle, without a line end, and the last delivery ended with "
        "one; check that the file was uploaded whole before the run is approved."
    ),
    "repeated-delivery": _held(
        "The same file was applied earlier, and another one since; check that no old file was sent "
        "again."
    ),
    "held-again": _held(
        "The delivery was held again, because {changed} changed after run {run} held it; look at "
        "the new figures, and approve this run."
    ),
    "left-out": IssueType(
        Severity.INFO,
        "The change was left out when a delivery was approved, and is left out as long as the "
        "file says the same; correct the row, or ask support to make the change.",
    ),
}
"""The types of the safeguard's issues, in the order in which a run shows them."""
