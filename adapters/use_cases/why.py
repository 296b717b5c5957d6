"""Gathers what is known of one person, for the answer to why things are as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from adapters.store.run_queries import RunFilter
from adapters.use_cases.app import App
from adapters.use_cases.errors import NobodyFound
from adapters.use_cases.history import history_of, other_accounts
from adapters.use_cases.people import look_up
from domain.addresses import address_of
from domain.company import Company
from domain.company_runs.events import RunKind
from domain.company_runs.feed import feed_at
from domain.duration import duration_of
from domain.employee.aggregate import Employee
from domain.fields.cells import clean
from projections.answers.find import Matched
from projections.answers.issues import IssueFilter, OpenIssueDocument, document
from projections.answers.why import Known, WhyDocument, explain
from projections.answers.why_delivery import Deliveries
from projections.answers.why_values import Columns

_LOOKS_FOR_DELIVERIES = (RunKind.IMPORT, RunKind.APPROVE)


class UnknownField(Exception):
    """A name means no field. `clause` suggests the nearest one."""

    def __init__(self, name: str, clause: str) -> None:
        super().__init__(f"there is no field {name}{clause}")


def why(app: App, company: str, who: str, field_name: str | None = None) -> WhyDocument:
    """Returns why the access of a person, or one field, is as it is.

    An account that ended means the account that was kept (S11). A person without an account, of
    whom deliveries say something, is answered too. Raises `NobodyFound` and `UnknownField`.
    """
    configured = _configured(app, company)
    columns = Columns(configured.fields if configured else {})
    schedule, zone = app.settings.schedule_of(company), app.settings.zone_of(company)
    try:
        found = look_up(app, company, who)
    except NobodyFound as error:
        issues = _issues_about(app, company, (who,))
        if error.count or not issues:
            raise
        deliveries = _deliveries(app, company, configured, issues, None)
        known = Known(company, None, (), {}, deliveries, columns)
        return explain(known, None, schedule, app.now(), zone)
    employee = _kept(app, company, found.employee)
    field = _field(field_name, columns, employee, configured) if field_name else None
    happenings = history_of(app, employee)
    names = (employee.email, employee.file_email, employee.external_id, employee.file_external_id)
    issues = _issues_about(app, company, (who, *(name for name in names if name)))
    known = Known(
        company=company,
        employee=employee,
        happenings=happenings,
        people=other_accounts(app, company, happenings),
        deliveries=_deliveries(app, company, configured, issues, employee),
        columns=columns,
        matched=Matched.FORMER_EMAIL if found.by_former else None,
        merged_from=found.employee.id if found.employee.id != employee.id else None,
    )
    return explain(known, field, schedule, app.now(), zone)


def _configured(app: App, company: str) -> Company | None:
    customer = app.settings.customers.get(company)
    return customer.company if customer is not None else None


def _kept(app: App, company: str, employee: Employee) -> Employee:
    """Returns the account that an account means after it ended, however many times (S11)."""
    while employee.merged_into is not None:
        kept = app.store.roster.with_ids(company, (employee.merged_into,))
        employee = kept[employee.merged_into]
    return employee


def _field(name: str, columns: Columns, employee: Employee, configured: Company | None) -> str:
    """Returns the field that a name means. Raises `UnknownField`."""
    custom = {*employee.details.custom, *(configured.custom_fields if configured else ())}
    field = columns.field_named(clean(name), custom)
    if field is None:
        raise UnknownField(name, columns.nearest_clause(name, custom))
    return field


def _issues_about(app: App, company: str, names: Iterable[str]) -> tuple[OpenIssueDocument, ...]:
    """Returns the open issues about somebody with one of these addresses or external ids (Q1)."""
    keys = {key for name in names for key in (clean(name), address_of(clean(name)))}
    state = app.store.runs.company_state(company)
    return tuple(
        document(company, state, each)
        for _, each in app.store.standing.every_open_issue(IssueFilter(company=company))
        if each.issue.external_id in keys
        or (each.issue.email is not None and address_of(each.issue.email) in keys)
    )


def _deliveries(
    app: App,
    company: str,
    configured: Company | None,
    issues: tuple[OpenIssueDocument, ...],
    employee: Employee | None,
) -> Deliveries:
    store, now = app.store, app.now()
    state = store.runs.company_state(company)
    kinds = RunFilter(kinds=_LOOKS_FOR_DELIVERIES)
    latest = next(iter(store.runs.latest(company, 1, kinds)), None)
    feed = state.feed
    if configured is not None:
        feed = feed_at(feed, duration_of(configured.policy.stale_after), now)
    absent = store.standing.absent(company).get(employee.id.hex) if employee else None
    since = datetime.fromisoformat(absent.since) if absent else None
    return Deliveries(state, latest, feed, issues, since)
