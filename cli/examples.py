"""Examples of each subcommand, which stand at the end of its help and of its man page."""

from __future__ import annotations

_WHY = "--by Eva --reason HR"

EXAMPLES: dict[str, tuple[str, ...]] = {
    "init": ("tenure init", "tenure init hr"),
    "template": ("tenure template > header.csv", "tenure template acme"),
    "check": ("tenure check", "tenure check acme --connect"),
    "completion": ('eval "$(tenure completion bash)"',),
    "help": ("tenure help import", "tenure help support offboard"),
    "status": ("tenure status", "tenure status acme", "tenure status --older-than 3d"),
    "preview": (
        "tenure preview acme",
        "tenure preview acme corrected.csv",
        "tenure preview --run last",
    ),
    "import": ("tenure import acme", "tenure import acme corrected.csv", "tenure import --all"),
    "clock": ("tenure clock", "tenure clock --dry-run --at 2027-04-30"),
    "serve": ("tenure serve", "tenure serve --metrics 127.0.0.1:9100"),
    "issues": ("tenure issues acme", "tenure issues --severity error --until 2027-03-01"),
    "runs": ("tenure runs acme --since 2027-03-01", "tenure runs --held"),
    "run": ("tenure run acme@last", "tenure run ac0bff93 --csv > for-hr.csv"),
    "safeguard": ("tenure safeguard acme --set max_email_changes=5%",),
    "approve": (
        f"tenure approve acme@last {_WHY}",
        f"tenure approve acme@last --only onboard {_WHY}",
    ),
    "discard": (f"tenure discard acme@last {_WHY}",),
    "rekey": (
        "tenure rekey acme --suggest new.csv > map.csv",
        f"tenure rekey acme map.csv {_WHY}",
    ),
    "roster": (
        "tenure roster acme --state offboarding-scheduled",
        "tenure roster acme --as-of 2027-03-01 --sort name --columns name,email",
    ),
    "find": ("tenure find bakker", "tenure find ann@acme.example"),
    "starters": ("tenure starters acme --from 2027-03-15 --until 2027-03-21",),
    "leavers": ("tenure leavers --from 2027-04-01 --until 2027-04-30 --csv > leavers.csv",),
    "show": ("tenure show acme 1002", "tenure show acme ann@acme.example --known-at 2027-03-03"),
    "report": ("tenure report acme --state active > everybody.csv",),
    "history": ("tenure history acme ann@acme.example", "tenure history acme 1002 --details"),
    "why": ("tenure why acme ann@acme.example", "tenure why acme 1002 offboarding_date"),
    "audit": (
        "tenure audit acme --since 2027-03-01 --kind deactivated",
        "tenure audit acme --run acme@last",
    ),
    "removals": ("tenure removals --from 2027-01-01 --until 2027-03-31 --csv > q1.csv",),
    "migrate": ("tenure migrate --dry-run", "tenure migrate --grant tenure"),
    "verify": ("tenure verify", "tenure verify --json"),
    "rebuild": ("tenure rebuild --dry-run", "tenure rebuild"),
    "support": (f"tenure support offboard acme 1002 2027-03-31 {_WHY}",),
    "support change-email": (f"tenure support change-email acme 1002 ann@acme.example {_WHY}",),
    "support correct": (f"tenure support correct acme 1002 last_name=Jansen {_WHY}",),
    "support link": (f"tenure support link acme ann@acme.example 1002 {_WHY}",),
    "support relink": (f"tenure support relink acme 1002 2002 {_WHY}",),
    "support move-onboarding": (f"tenure support move-onboarding acme 1002 2027-03-15 {_WHY}",),
    "support offboard": (
        f"tenure support offboard acme 1002 2027-03-31 {_WHY}",
        f"tenure support offboard acme --from people.csv --dry-run {_WHY}",
    ),
    "support cancel-offboarding": (f"tenure support cancel-offboarding acme 1002 {_WHY}",),
    "support deactivate": (f"tenure support deactivate acme 1002 {_WHY}",),
    "support reactivate": (f"tenure support reactivate acme 1002 {_WHY}",),
    "support rehire": (f"tenure support rehire acme 1002 2027-03-08 {_WHY}",),
    "support release": (f"tenure support release acme 1002 {_WHY}",),
    "support merge": (f"tenure support merge acme 1002 ann@old.example {_WHY}",),
}
"""By the words after `tenure`. Each example is a line to type, for a company `acme`."""


def examples_of(command_path: str) -> tuple[str, ...]:
    """Returns the examples of a command, such as `tenure support offboard`; maybe none."""
    return EXAMPLES.get(command_path.partition(" ")[2], ())
