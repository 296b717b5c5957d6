"""The main job in five weeks of a small company: `make demo`, or `python docs/demo/run.py DIR`.

Every command is the real one; only the clock on the wall is set, so that weeks pass in a second.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent, fill

import click

from cli.main import execute

HERE = Path(__file__).resolve().parent


def main(directory: Path) -> None:
    """Plays the story in `directory`, which is made anew and left behind."""
    prepare(directory)
    os.chdir(directory)

    say("""
        Acme's HR system writes all employees into one file and leaves it in a folder. This is
        Monday's. Before anything is stored, `preview` tells what it would do, row by row.
    """)
    deliver("monday", "2027-03-01 02:30")
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
        2 April. Fatima's birthday is corrected. And somebody misspelt Bram's group, which
        must not stop anything: he keeps the one he has.
    """)
    deliver("tuesday", "2027-03-02 02:30")
    tenure("2027-03-02 02:45", "import acme --by schedule")

    say("""
        At 20:00 the same file still lies there. It is recognised, nothing happens, and what is
        wrong in it is said again.
    """)
    tenure("2027-03-02 20:00", "import acme --by schedule")

    say("""
        The clock does what is due. On Wednesday at midnight Bram can log in. Chris cannot any more
        on 2 April at 23:00, here even though nothing ran that night: the next pass catches up,
        and records both when it took effect and when it was done.
    """)
    tenure("2027-03-03 00:00", "clock --by schedule")
    tenure("2027-04-03 06:10", "clock --by schedule")

    say("""
        A file cannot bring back who has left. In April HR blanks Chris's last day; whether he is
        really to return is a question for support.
    """)
    deliver("april", "2027-04-05 02:30")
    tenure("2027-04-05 02:45", "import acme --by schedule")

    say("So this is where everyone stands:")
    tenure("2027-04-05 09:00", "roster acme")

    say("And this is how it came about for Anna, whom her external id still names, and for Chris:")
    tenure("2027-04-05 09:00", "history acme 1001")
    tenure("2027-04-05 09:00", "history acme chris.smith@acme.example")

    say(f"All of it is still there: cd {directory}, then `tenure runs` or `tenure show acme 1004`.")


def prepare(directory: Path) -> None:
    """An empty directory with the configuration; only a former demo is thrown away."""
    if directory.exists():
        if not (directory / "tenure.toml").exists():
            sys.exit(f"{directory} exists and is no former demo; name another directory.")
        shutil.rmtree(directory)
    (directory / "outgoing").mkdir(parents=True)
    shutil.copy(HERE / "tenure.toml", directory)


def deliver(name: str, written: str) -> None:
    """Leaves a delivery in the folder, as HR does: over the former one."""
    file = Path("outgoing/alleo_employees_acme.csv")
    shutil.copyfile(HERE / "deliveries" / f"{name}.csv", file)
    modified = moment(written).timestamp()
    os.utime(file, (modified, modified))


def tenure(at: str, arguments: str) -> None:
    """Runs one command at a moment, and prints it as it would be typed."""
    click.secho(f"{at}  $ tenure {arguments}", bold=True)
    code = execute(shlex.split(arguments), {"now": lambda: moment(at)})
    if code:
        click.secho(f"(exit code {code})", dim=True)
    click.echo()


def moment(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def say(text: str) -> None:
    """What the next command is about."""
    click.secho(fill(" ".join(dedent(text).split()), 96), fg="cyan")
    click.echo()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
