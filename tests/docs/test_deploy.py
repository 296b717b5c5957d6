"""The examples for unattended operation are valid, and safe by default."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from cli.main import tenure

DOCS = Path(__file__).parents[2] / "docs"
SYSTEMD = DOCS / "deploy" / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.iterdir())
KUBERNETES = yaml.safe_load((DOCS / "deploy" / "kubernetes.yaml").read_text())


def containers(value: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yields each container in a value, together with its pod."""
    if isinstance(value, dict):
        for container in value.get("containers", []):
            yield value, container
        for inner in value.values():
            yield from containers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from containers(inner)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yields the arguments of every call of the product in an example, and the file."""
    for name in UNITS:
        for line in re.findall(r"^ExecStart=(.+)$", (SYSTEMD / name).read_text(), re.M):
            yield name, shlex.split(line)[1:]
    for _, container in containers(KUBERNETES):
        yield "kubernetes.yaml", container["args"]
    (command,) = re.findall(
        r"^CMD (\[.+\])$", (DOCS / "deploy" / "Containerfile").read_text(), re.M
    )
    yield "Containerfile", yaml.safe_load(command)
    for page in DOCS.rglob("*.md"):
        for line in re.findall(r"^[\d*/, ]+ \* \* \*\s.+&& (.+)$", page.read_text(), re.M):
            program, *arguments = shlex.split(line.removesuffix(" >/dev/null"))
            assert Path(program).is_absolute(), "cron's PATH is short"
            assert Path(program).name == "tenure"
            yield page.name, arguments


@pytest.mark.parametrize(
    ("where", "arguments"),
    [pytest.param(*each, id=f"{each[0]}-{each[1][0]}") for each in commands()],
)
def test_every_call_in_an_example_is_valid(where: str, arguments: list[str]) -> None:
    """Every call of the product in an example names a command that exists, with valid arguments."""
    # given
    context = click.Context(tenure, **tenure.context_settings)  # commands inherit these settings
    command = tenure.get_command(context, arguments[0])

    # when / then
    assert command is not None, where
    command.make_context(arguments[0], arguments[1:], parent=context)


def test_there_is_an_example_of_every_kind() -> None:
    """The search for calls finds the examples for systemd, Kubernetes, containers and cron."""
    # when / then
    assert {where for where, _ in commands()} >= {
        "tenure.service",
        "tenure-import.service",
        "tenure-clock.service",
        "kubernetes.yaml",
        "Containerfile",
        "run-it-every-day.md",
    }


@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_every_unit(name: str, tmp_path: Path) -> None:
    """`systemd-analyze verify` finds no error in a unit."""
    # given
    program = shutil.which("systemd-analyze")
    assert program, "the tests need systemd-analyze: install the package systemd"
    for unit in UNITS:
        text = (SYSTEMD / unit).read_text().replace("/opt/tenure/bin/tenure", "/bin/true")
        (tmp_path / unit).write_text(text)

    # when
    command = [program, "verify", "--recursive-errors=no", f"./{name}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    # then
    messages = [line for line in done.stderr.splitlines() if name.partition(".")[0] in line]
    assert (done.returncode, messages) == (0, [])


def test_every_service_has_few_privileges(tmp_path: Path) -> None:
    """The exposure of every service is below 2. systemd counts from 0 (safe) to 10 (exposed)."""
    # given
    program = shutil.which("systemd-analyze")
    assert program

    # when / then
    for name in UNITS:
        if name.endswith(".service"):
            command = [program, "security", "--offline=true", str(SYSTEMD / name)]
            output = subprocess.run(command, capture_output=True, text=True).stdout
            (level,) = re.findall(r"exposure level for \S+: (\d+\.\d)", output)
            assert float(level) < 2, name


def test_all_services_have_the_same_limits() -> None:
    """All services end with the same lines about what the service may touch."""
    # when
    found = {
        (SYSTEMD / name)
        .read_text()
        .partition("# What it may touch")[2]
        .partition("\n\n")[0]
        .strip()
        for name in UNITS
        if name.endswith(".service")
    }

    # then
    (lines,) = found
    assert "NoNewPrivileges=yes" in lines


def test_every_container_has_few_privileges() -> None:
    """No container runs as root, gains privileges, or writes to its file system."""
    # given
    found = list(containers(KUBERNETES))

    # when / then
    assert len(found) == 4
    for pod, container in found:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted <= {volume["name"] for volume in pod["volumes"]}
        assert all(mount["readOnly"] for mount in container["volumeMounts"])


def test_every_container_has_resource_limits_and_every_job_a_deadline() -> None:
    """Every container has requests and limits of resources, and every job has a deadline."""
    # given
    specs = [(item["kind"], item["spec"]) for item in KUBERNETES["items"] if "spec" in item]

    # when / then
    for _, container in containers(KUBERNETES):
        assert set(container["resources"]) == {"requests", "limits"}
    for kind, spec in specs:
        if kind == "CronJob":
            assert spec["startingDeadlineSeconds"] > 10
            assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] > 1800
        elif kind == "Job":
            assert spec["activeDeadlineSeconds"] > 0
    assert [kind for kind, _ in specs] == ["Job", "Deployment", "CronJob", "CronJob"]


def test_a_new_release_can_be_applied_over_the_last() -> None:
    """A new release can be applied over the last one.

    Kubernetes never changes a Job, so each release has a Job of its own. Two releases never run at
    the same time.
    """
    # given
    (job,) = [item for item in KUBERNETES["items"] if item["kind"] == "Job"]
    (deployment,) = [item for item in KUBERNETES["items"] if item["kind"] == "Deployment"]
    release = version("tenure")

    # when / then
    assert job["metadata"]["name"] == f"tenure-migrate-{release.replace('.', '-')}"
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    images = {container["image"] for _, container in containers(KUBERNETES)}
    assert {image.rpartition(":")[2] for image in images} == {release}


def test_only_a_worker_that_hangs_is_restarted() -> None:
    """Kubernetes restarts a worker that hangs, and not a worker whose database is unavailable.

    A new process would not bring the database back.
    """
    # given
    (serve,) = [each for _, each in containers(KUBERNETES) if "serve" in each["args"]]

    # when / then
    assert serve["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert serve["readinessProbe"]["httpGet"]["path"] == "/healthz"


def test_the_configuration_in_the_example_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration in the example for Kubernetes can be loaded without a mistake."""
    # given
    from adapters.settings import load_settings

    data = KUBERNETES["items"][0]["data"]
    (tmp_path / "companies").mkdir()
    (tmp_path / "tenure.toml").write_text(data["tenure.toml"])
    (tmp_path / "companies" / "acme.toml").write_text(data["acme.toml"])

    # when
    settings = load_settings(tmp_path / "tenure.toml", {})

    # then
    assert (list(settings.customers), settings.broken) == (["acme"], {})


def test_a_stopped_worker_has_more_time_than_its_grace() -> None:
    """Kubernetes and systemd wait longer for a stopped worker than the worker's own grace."""
    # given
    (serve,) = [each for each in containers(KUBERNETES) if "serve" in each[1]["args"]]
    pod, container = serve
    grace = float(container["args"][container["args"].index("--grace") + 1])
    unit = (SYSTEMD / "tenure.service").read_text()
    (stop,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.M)
    (unit_grace,) = re.findall(r"--grace (\d+)", unit)

    # when / then
    assert pod["terminationGracePeriodSeconds"] > grace
    assert float(stop) > float(unit_grace)
