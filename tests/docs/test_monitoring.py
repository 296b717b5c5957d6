"""The alert rules and the dashboard ask for metrics that exist, in expressions that are valid."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from adapters.observe.metrics import Metrics
from domain.company_runs.feed import FeedState
from projections.answers.status import Need, Open, StatusDocument
from tests.given import NOW, RUN

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
RULES = DEPLOY / "prometheus-rules.yaml"
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
HOW_TO = (DEPLOY.parent / "how-to" / "know-how-it-goes.md").read_text()
PROMTOOL = shutil.which("promtool") or "promtool"


def alerts() -> dict[str, dict[str, Any]]:
    """Returns the alert rules by name."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def expressions() -> list[str]:
    """Returns every expression of the rules and of the dashboard."""
    panels = DASHBOARD["panels"]
    return [
        *(rule["expr"] for rule in alerts().values()),
        *(target["expr"] for panel in panels for target in panel["targets"]),
    ]


def samples() -> dict[str, set[tuple[str, str]]]:
    """Returns the names of all metrics with their labels, where something is held."""
    metrics = Metrics()
    held = StatusDocument(
        "acme", FeedState.HELD, NOW, (Need.HELD,), "a.csv", NOW, None, 0, 0, RUN,
        {"error": 0, "warning": 0}, Open().starts, Open().leaves, None, False
    )  # fmt: skip
    metrics.watch(lambda: [held])
    found: dict[str, set[tuple[str, str]]] = {}
    for family in metrics.registry.collect():
        found.setdefault(family.name, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels.items())
    return found


def test_every_expression_asks_for_metrics_and_labels_that_exist() -> None:
    """Each metric in an expression is one that the product tells, with each value of a label."""
    # given
    told = samples()

    # when / then
    for expression in expressions():
        names = re.findall(r"\btenure_\w+", expression)
        assert names != []
        assert set(names) <= {*told, "tenure_notifications_total"}, expression
        for name, label, values in re.findall(r'(tenure_\w+)\{(\w+)=~?"(.+?)"\}', expression):
            asked = {(label, each) for each in values.split("|")}
            assert asked <= told[name], expression


def test_every_metric_is_documented() -> None:
    """The how-to has a line for each metric, and no other metric."""
    # given
    kinds = ("counter", "gauge", "histogram")
    metrics = Metrics()
    metrics.watch(list)
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in metrics.registry.collect()
        if family.type in kinds and family.name.startswith("tenure_")
    }
    rows = "\n".join(re.findall(r"^\| (`tenure_.+?) \|", HOW_TO, re.M))

    # when
    documented = set(re.findall(r"`(tenure_\w+)", rows))

    # then
    only_with_a_delivery = {
        "tenure_oldest_delivery_timestamp_seconds",
        "tenure_oldest_held_delivery_timestamp_seconds",
    }
    assert documented == told | only_with_a_delivery


def test_every_alert_says_what_it_means_and_how_urgent_it_is() -> None:
    """Each alert has a summary, and pages somebody or opens a ticket."""
    # when / then
    for name, rule in alerts().items():
        assert rule["annotations"]["summary"], name
        assert rule["labels"]["severity"] in ("page", "ticket"), name


def test_prometheus_accepts_every_expression(tmp_path: Path) -> None:
    """`promtool check rules` finds no error in the rules, and none in the dashboard."""
    # given
    rules = [{"record": f"n{n}", "expr": each} for n, each in enumerate(expressions())]
    every = tmp_path / "every.yaml"
    every.write_text(yaml.safe_dump({"groups": [{"name": "every", "rules": rules}]}))

    # when / then
    for file in (RULES, every):
        command = [PROMTOOL, "check", "rules", str(file)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
