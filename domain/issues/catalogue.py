"""The catalogue of issues: every code with its severity and its sentence.

Each code is declared once, so that severity, sentence and documentation always agree.
"""

from __future__ import annotations

from domain.issues.concerns import CONCERNS
from domain.issues.issue_type import IssueType, Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

CATALOGUE: dict[str, IssueType] = {
    **CONCERNS,
    # The run: its files, and whether they could be fetched.
    "no-file": IssueType(
        _WARNING,
        "No file matches {pattern}; check that the export ran, and is named and placed as agreed.",
    ),
    "several-files": IssueType(
        _WARNING,
        "The delivery holds {count} files, all of which were read; send one file only, "
        "and take older ones away.",
    ),
    "vanished-after-reading": IssueType(
        _WARNING,
        "The file was gone from the directory after it was read; all of it was received and "
        "counts, but please leave files in place until the next upload.",
        lasting=False,
    ),
    "kept-file-damaged": IssueType(
        _ERROR,
        "The file is gone from the directory, and its stored copy is damaged, so that nothing was "
        "applied; upload the file again, or have it dropped with `tenure rebuild`.",
    ),
    "near-miss-file": IssueType(
        _WARNING,
        "The file was not read, because its name matches {pattern} only nearly; name it as agreed, "
        "in the same case, with the same separators, and as a CSV file.",
        lasting=False,
    ),
    "contradictory-files": IssueType(
        _ERROR,
        "The files contradict each other about who is meant, so that people would change again at "
        "every pick-up ({rows}); take the older files away and send one file only.",
    ),
    "unreachable": IssueType(_ERROR, "The files could not be fetched: {problem}."),
    "still-uploading": IssueType(
        _ERROR,
        "The file changed while it was read; it will be read at the next pick-up, "
        "once its upload has finished.",
    ),
    # The run failed.
    "fault": IssueType(
        _ERROR, "The run stopped on an unexpected fault ({problem}) and changed nothing."
    ),
    # The file: an error refuses the whole file.
    "not-a-csv": IssueType(
        _ERROR,
        "The file is {seen} and not a CSV file; save the table as CSV in UTF-8, which Excel calls "
        '"CSV UTF-8", and send that file.',
    ),
    "not-utf8": IssueType(
        _ERROR,
        'The file is {seen}; save it as CSV in UTF-8, which Excel calls "CSV UTF-8".',
    ),
    "nul-byte": IssueType(
        _ERROR, "The file holds a NUL byte, which no text has; export it as CSV in UTF-8 again."
    ),
    "cr-line-ends": IssueType(
        _ERROR,
        "The lines end in CR alone, as in files of old Macintosh programs, so that the file is one "
        'long line; save it as CSV in UTF-8, which Excel calls "CSV UTF-8", and not for Macintosh.',
    ),
    "wrong-delimiter": IssueType(
        _ERROR, "The columns are separated by {seen}; export the file separated by commas."
    ),
    "unclosed-quote": IssueType(
        _ERROR,
        "A quoted cell that begins on this line is not closed properly; end it with one "
        "quote, followed by a comma or the end of the line, and write quotes inside it twice.",
    ),
    "missing-column": IssueType(
        _ERROR, "The file lacks {columns}; every row needs a value there, so add what is missing."
    ),
    "duplicate-column": IssueType(
        _ERROR, "The columns {columns} all mean {field}; keep one of them."
    ),
    "no-rows": IssueType(
        _ERROR,
        "The file holds no employees; check the export, since nobody leaves by an empty file.",
    ),
    "too-large": IssueType(
        _ERROR,
        "The file has more than {limit} bytes; export it in parts or ask for a higher limit.",
    ),
    "too-many-rows": IssueType(
        _ERROR, "The file has more than {limit} rows; export it in parts or ask for a higher limit."
    ),
    "unknown-column": IssueType(_WARNING, "{columns} ignored{hint}."),
    "skipped-line": IssueType(
        _INFO, "The line was skipped, because it is {seen} and not a row; nothing needs to be done."
    ),
    # The row: its cells.
    "wrong-width": IssueType(
        _ERROR,
        "The row has {cells} cells and the header {columns}; "
        "give it one cell for each column, and put values that hold a comma in quotes.",
    ),
    "too-long": IssueType(
        _ERROR, "The {field} has {length} characters; shorten it to at most {limit}."
    ),
    "bad-text": IssueType(
        _ERROR, "The {field} holds {seen}; take it out, the value must be plain text on one line."
    ),
    "missing-value": IssueType(
        _ERROR,
        "The {field} is empty{invisible}; fill it in, every row needs it, changes included.",
    ),
    "bad-email": IssueType(
        _ERROR, "This is not an e-mail address{invisible}; write it like name@company.example."
    ),
    "bad-date": IssueType(
        _ERROR,
        "The {field} is not a date{invisible}; write a calendar date from 1900 to 2199 as "
        "YYYY-MM-DD, like 2027-03-31{no_date}.",
    ),
    "bad-decimal": IssueType(
        _ERROR,
        "The {field} is not a decimal number{invisible}; write it with a dot, like 123456.71.",
    ),
    "bad-integer": IssueType(
        _ERROR, "The {field} is not a whole number{invisible}; write it with digits only."
    ),
    "unknown-language": IssueType(
        _WARNING,
        "The language {value} is not known{invisible}, so a new employee gets the company's and a "
        "known one keeps theirs; write en, nl or de.",
    ),
    "unknown-group": IssueType(
        _WARNING,
        "There is no group {value}{invisible}, so a new employee gets none and a known one keeps "
        "theirs{nearest}; write the name exactly as the group is called.",
        strict="There is no group {value}{invisible}{nearest}; write the name exactly as the group "
        "is called.",
    ),
    "placeholder-id": IssueType(
        _WARNING,
        "The external id {value} stands for no number, so that the row counts as one without an "
        "external id; leave the cell blank until the number is known.",
    ),
    "spoilt-id": IssueType(
        _ERROR,
        "A spreadsheet turned the external id into {seen}; export the file again from the HR "
        "system, and format the column as text before a spreadsheet saves it.",
    ),
    "offboarding-before-onboarding": IssueType(
        _ERROR,
        "The offboarding date is before the onboarding date {onboarding_date}; "
        "correct one of them.",
    ),
    # The row and the other rows: which employee the row means.
    "superseded-row": IssueType(
        _INFO, "A later row stands for the same employee ({later}); send one file only."
    ),
    "duplicate-row": IssueType(
        _WARNING, "This row repeats line {first} exactly and was read once; remove the repetition."
    ),
    "duplicate-email": IssueType(
        _ERROR,
        "Lines {lines} all mean one e-mail address and none of them was applied; "
        "keep the row that is right.",
    ),
    "duplicate-external-id": IssueType(
        _ERROR,
        "Lines {lines} all have this external id and none of them was applied; "
        "keep the row that is right.",
    ),
    "duplicate-employee": IssueType(
        _ERROR,
        "Lines {lines} all mean one employee, {other}, and {which}; keep the row that is right.",
    ),
    "other-person": IssueType(
        _WARNING,
        "{value} belongs to {known}, and this row is about {said}; it was applied, because the "
        "company's settings allow it.",
        lasting=False,
        strict="{value} belongs to {known}, and this row is about {said}; correct the value if it "
        "is mistyped, or {advice}.",
    ),
    "email-taken": IssueType(
        _ERROR,
        "This address belongs to another employee, {other}; correct it if it is mistyped, or the "
        "other one's row if their address changed{advice}.",
    ),
    "external-id-conflict": IssueType(
        _ERROR,
        "This address belongs to {other}, not to external id {value}; correct the external id or "
        "the e-mail address of this row{advice}.",
    ),
    "possible-email-change": IssueType(
        _WARNING,
        "A new account was made, but {other} has the same name and is not in this delivery; if it "
        "is one person, ask support for {command}, and send the external id of everyone.",
        lasting=False,
    ),
    # The line of a map of external ids.
    "unknown-external-id": IssueType(
        _ERROR,
        "Nobody has the external id {value}; correct it if it is mistyped, or take the line out.",
    ),
    "external-id-taken": IssueType(
        _ERROR,
        "The external id {value} belongs to {other}, who keeps it; correct the line, or add one "
        "that gives the other employee a new external id.",
    ),
    # The row and the lifecycle of the employee that the row means.
    "already-left": IssueType(
        _INFO,
        "This person left on {value} and has no account; none was made, nothing needs to be done.",
    ),
    "short-notice": IssueType(
        _WARNING,
        "The last day is {ahead}; send offboarding dates at least {notice} days in advance.",
        lasting=False,
        strict="The last day is {ahead} and at least {notice} are agreed; choose a later "
        "date{asked}.",
    ),
    "offboarding-overdue": IssueType(
        _WARNING,
        "The last day has already passed, so the account is closed without delay; please send "
        "offboarding dates in advance.",
        lasting=False,
    ),
    "reactivation-needs-support": IssueType(
        _ERROR,
        "This account was closed and a file cannot open it again; restore the offboarding date "
        "that closed it, or ask support for {reactivate} if the person stays, for {rehire} if the "
        "person starts anew, or for {release} if the row is about somebody else.",
    ),
    "still-listed": IssueType(
        _INFO,
        "Support closed this account, and the file still lists the person as staying; ask support "
        "for {reactivate} if the person stays, or for {release} if the row is about somebody else.",
    ),
    "offboarding-kept": IssueType(
        _WARNING,
        "The offboarding date is blank now, but the last day {day} stays, because a blank never "
        "cancels it; if the person stays, ask support for {command}.",
    ),
    # The employee that deliveries lack.
    "absent-employee": IssueType(
        _WARNING,
        "This employee has been missing from every full delivery since {since}, and keeps the "
        "account; if the person has left, ask support for {command}, or else send the row again.",
    ),
    "absent-offboarded": IssueType(
        _WARNING,
        "This employee has been missing from every full delivery since {since}, so that the last "
        "day is {day}, as the company's settings say; if the person stays, send the row again.",
        lasting=False,
    ),
    "onboarding-date-fixed": IssueType(
        _WARNING,
        "The onboarding date is fixed at {known} and this one was ignored; {advice}.",
        lasting=False,
    ),
}
