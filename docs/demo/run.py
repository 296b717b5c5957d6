"""The main job in five weeks of a small company: `make demo`, or `python docs/demo/run.py DIR`.

Every command is the real one; only the clock on the wall is set, so that weeks pass in a second.
The story and its deliveries are written for March and April 2027, and are moved by whole weeks so
that they end in the week before today.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import sys
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import fill

import click
from server import serving

from cli.main import execute

HERE = Path(__file__).resolve().parent
LAST_DAY = date(2027, 4, 6)
DATE = re.compile(r"2027-\d\d-\d\d")  # 2027-03-01
TODAY = datetime.now(UTC).date()
WEEKS = (TODAY - timedelta(days=1) - LAST_DAY) // timedelta(weeks=1)
"""Weeks by which the story is moved: its last day becomes one of the seven days before today."""


def main(directory: Path) -> None:
    """Plays the story in `directory`, which is created first and left behind."""
    directory = directory.resolve()  # the story changes into it
    os.environ["TENURE_PAGER"] = "cat"  # a story goes on by itself, also on a terminal
    prepare(directory)
    with serving(directory) as server:
        settings = (HERE / "tenure.toml").read_text("utf-8")
        (directory / "tenure.toml").write_text(settings.format_map(server._asdict()), "utf-8")
        os.chdir(directory)
        play()
    place = shlex.quote(str(directory))
    python = shlex.quote(sys.executable)
    command = shlex.quote(str(Path(sys.executable).with_name("tenure")))
    say("""
        The story has reached the present day, and all of it is still there. Go there, and ask what
        you like; the second line starts the server again, which has stopped.
    """)
    click.echo(f"    cd {place} && {command} runs && {command} show acme 1004")
    click.echo(f"    {python} {shlex.quote(str(HERE / 'server.py'))} {place}")


def play() -> None:
    """The story, in the directory where it takes place."""
    say("""
        Acme's HR system writes all employees into one file and leaves it on an SFTP server, here
        one that runs on this machine for as long as the demo. `migrate` creates the database.
        `check` shows that everything works up to the file: the server shows the key that is pinned,
        and lets us in.
    """)
    deliver("monday", "2027-03-01 02:30")
    tenure("2027-03-01 02:34", "migrate")
    tenure("2027-03-01 02:35", "check acme --connect")

    say("This is Monday's file. Before anything is stored, `preview` tells what it would do.")
    tenure("2027-03-01 02:40", "preview acme")

    say("""
        Bram starts on Wednesday and Fatima's birthday is not written as agreed: her row is
        rejected, with a sentence that HR can act on, and everyone else's goes on. At 02:45 the
        file is picked up. The exit code, 3, tells that a row was rejected.
    """)
    tenure("2027-03-01 02:45", "import acme --by schedule")

    say("""
        On Tuesday the file says four new things. Anna has another name and address: her external
        id tells that she is the same person. Doris and Emil have swapped addresses. Chris leaves on
        2027-04-02. Fatima's birthday is corrected. And somebody misspelt Bram's group, which
        must not stop anything: he keeps the one he has.
    """)
    deliver("tuesday", "2027-03-02 02:30")
    tenure("2027-03-02 02:45", "import acme --by schedule")

    say("""
        At 20:00 the same file still lies there. It is recognised, nothing happens, and what is
        wrong in it is said again.
    """)
    tenure("2027-03-02 20:00", "import acme --by schedule")

    say("The clock does what is due. On Wednesday at midnight Bram can log in.")
    tenure("2027-03-03 00:00", "clock --by schedule")

    say("""
        On Friday the export is broken: everyone gets the same last day. The safeguard finds too
        many leavers and holds the delivery. Nothing is applied until somebody decides; HR, asked,
        sends the right file again, and this one is discarded.
    """)
    deliver("broken", "2027-03-05 02:30")
    tenure("2027-03-05 02:45", "import acme --by schedule")
    tenure("2027-03-05 09:00", "runs acme --limit 3")
    held = waiting("2027-03-05 09:00")
    decision = "--by petra --reason 'HR says the export is broken'"
    tenure("2027-03-05 09:10", f"discard {held} {decision} --yes")
    deliver("tuesday", "2027-03-05 09:30")
    tenure("2027-03-05 20:00", "import acme --by schedule")

    say("""
        On 2027-04-02 at 23:00 Chris cannot log in any more, here even though nothing ran that
        night: the next pass of the clock catches up, and records both when it took effect and when
        it was done.
    """)
    tenure("2027-04-03 06:10", "clock --by schedule")

    say("""
        A file cannot bring back who has left. On 2027-04-05 HR blanks Chris's last day; whether he
        is really to return is a question for support.
    """)
    deliver("april", "2027-04-05 02:30")
    tenure("2027-04-05 02:45", "import acme --by schedule")

    say("He is, says his manager. Support brings him back, and the same file is fine from then on.")
    told = "--by petra --reason 'his manager extended the contract'"
    tenure("2027-04-05 09:00", f"support reactivate acme 1003 {told} --yes")
    tenure("2027-04-05 20:00", "import acme --by schedule")

    say("So this is where everyone stands, and where they stood on the day after Chris had left:")
    tenure(None, "roster acme")
    tenure(None, "roster acme --as-of 2027-04-03")

    say("And this is how it came about for Anna, whom her external id still names, and for Chris:")
    tenure(None, "history acme 1001")
    tenure(None, "history acme chris.smith@acme.example")

    say("An auditor asks across all employees: what have support staff done since 2027-04-01?")
    tenure(None, "audit acme --since 2027-04-01 --by petra")

    say("And whether all that is stored still fits together:")
    tenure(None, "verify")


def prepare(directory: Path) -> None:
    """An empty directory with the configuration; only a former demo is thrown away."""
    if directory.exists():
        if not (directory / "tenure.toml").exists():
            sys.exit(f"{directory} exists and is no former demo; name another directory.")
        shutil.rmtree(directory)
    (directory / "outgoing").mkdir(parents=True)


def deliver(name: str, written: str) -> None:
    """Leaves a delivery in the folder, as HR does: over the former one."""
    file = Path("outgoing/alleo_employees_acme.csv")
    file.write_text(moved((HERE / "deliveries" / f"{name}.csv").read_text("utf-8")), "utf-8")
    modified = moment(written).timestamp()
    os.utime(file, (modified, modified))


def tenure(at: str | None, arguments: str) -> None:
    """Runs one command at a moment of the story, or now, and prints it as it would be typed."""
    now = datetime.now(UTC) if at is None else moment(at)
    typed = moved(arguments)
    click.secho(f"{now:%Y-%m-%d %H:%M}  $ tenure {typed}", bold=True)
    code = execute(shlex.split(typed), {"now": lambda: now})
    if code:
        click.secho(f"(exit code {code})", dim=True)
    click.echo()


def moved(text: str) -> str:
    """A text in which each date of the story is moved to where the story is played."""
    return DATE.sub(lambda found: str(date.fromisoformat(found[0]) + timedelta(weeks=WEEKS)), text)


def waiting(at: str) -> str:
    """The run that waits for a decision, as `tenure runs --held --json` tells it."""
    answer = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(answer):
        execute(["runs", "acme", "--held", "--json"], {"now": lambda: moment(at)})
    answer.seek(0)
    return str(json.load(answer)[0]["run"])


def moment(text: str) -> datetime:
    """A moment of the story, in UTC."""
    return datetime.fromisoformat(moved(text)).replace(tzinfo=UTC)


def say(text: str) -> None:
    """What the next command is about."""
    click.secho(fill(" ".join(moved(text).split()), 96), fg="cyan")
    click.echo()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
