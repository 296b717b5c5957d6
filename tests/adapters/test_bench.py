"""The benchmark of the schedule does the work that it measures."""

from __future__ import annotations

from pathlib import Path

from adapters.store.opening import PostgresUrl
from adapters.worker.job_schema import migrate_jobs
from tests.adapters import pgserver
from tests.benchmarks import scheduling
from tests.databases import created

COMPANIES = 20


def test_a_slot_of_many_companies_is_served_by_two_workers(tmp_path: Path) -> None:
    """R3: first everyone is new, and then nobody; it fails for any other outcome."""
    first, second = scheduling.slot(tmp_path, created(tmp_path / "tenure.db"), COMPANIES)

    assert min(first, second) > 0


def test_and_over_postgresql_too(tmp_path: Path, postgres: pgserver.Server) -> None:
    """R3"""
    url = postgres.made("bench")
    migrate_jobs(postgres.as_owner(url), pgserver.RUNNER)
    try:
        first, second = scheduling.slot(tmp_path, PostgresUrl(url), COMPANIES)
    finally:
        postgres.execute("DROP DATABASE bench WITH (FORCE)")

    assert min(first, second) > 0
