"""What completion offers: names from the configuration and from the store.

Only the settings that are needed are read, and the store is only read: completion must be quick,
and changes nothing. Each function may raise anything: `cli.completion.answer` is silent then. Every
command imports this module, so it imports what it needs where it needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from adapters.places import Outline
    from adapters.store.store import Store
    from domain.company_runs.events import RunRecord

_OFFERED = 200
"""If more people fit what is typed, none of them is offered: the shell would insert what the first
ones have in common, which the others may not have."""
_RUNS = 50
"""The number of runs that are offered, the latest ones."""


class Offer(NamedTuple):
    """A word that completes what is typed, and a few words about it."""

    value: str
    about: str | None = None


def items(offers: Iterable[Offer], typed: str) -> list[CompletionItem[str]]:
    """Returns the offers that begin with what is typed, as click wants them. Any case will do."""
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(offer.value, help=offer.about)
        for offer in offers
        if offer.value.casefold().startswith(typed.casefold())
    ]


def companies(context: click.Context, typed: str) -> Iterator[Offer]:
    """Yields the companies of the configuration."""
    yield from map(Offer, _outline(context).companies)


def groups(context: click.Context, typed: str) -> Iterator[Offer]:
    """Yields the groups of the company that is typed already."""
    company = context.params.get("company")
    yield from map(Offer, _groups_of(context, company) if company else ())


def people(context: click.Context, typed: str) -> Iterator[Offer]:
    """Yields the addresses and the external ids of people of the company that is typed already."""
    company = context.params.get("company")
    if not company:
        return
    with _store(context) as store:
        found = store.roster.beginning_with(company, typed, _OFFERED + 1)
    if len(found) <= _OFFERED:
        for employee in found:
            about = f"{employee.details.first_name} {employee.details.last_name}"
            yield Offer(employee.email, about)
            if employee.external_id is not None:
                yield Offer(employee.external_id, about)


def runs(context: click.Context, typed: str) -> Iterator[Offer]:
    """Yields the latest runs, of the company that is typed already or of all, and their names."""
    company = context.params.get("company")
    yield Offer("last", "the latest run")
    if company is None and typed:
        yield from (Offer(f"{each}@last") for each in _outline(context).companies)
    with _store(context) as store:
        yield from map(_run, store.runs.latest(company, _RUNS))


def held_runs(context: click.Context, typed: str) -> Iterator[Offer]:
    """Yields the runs that wait for a decision."""
    with _store(context) as store:
        yield from map(_run, store.runs.waiting(None))


def _run(record: RunRecord) -> Offer:
    from domain.ids import short_run_id

    ended = record.ended
    about = (ended.company, ended.run_kind, ended.outcome, f"{ended.started:%Y-%m-%d %H:%M}")
    return Offer(short_run_id(record.run), " ".join(about))


def _groups_of(context: click.Context, company: str) -> tuple[str, ...]:
    """Returns the groups of a company; none if its settings are wrong."""
    from adapters.company_settings import read_companies  # knows all kinds of sources

    places = _outline(context).places
    found = read_companies(place for place in places if place.key == company)
    customer = found.customers.get(company)
    return customer.company.groups if customer is not None else ()


def _outline(context: click.Context) -> Outline:
    from adapters.places import find_settings, outline

    return outline(find_settings(context.find_root().params.get("config")))


@contextmanager
def _store(context: click.Context) -> Iterator[Store]:
    from adapters.store.opening import open_unchanged

    store = open_unchanged(_outline(context).database)
    try:
        yield store
    finally:
        store.close()
