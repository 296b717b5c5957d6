"""How FTP servers of many makes list a directory, and what is read of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.sources.ftp_listing import (
    Entry,
    fact_entry,
    name_in,
    passive_port,
    read_moment,
    read_size,
    shown_entries,
)

NAME = "alleo_employees_1.csv"
MOMENT = datetime(2027, 3, 1, 2, 45, tzinfo=UTC)


def nanoseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


# LIST, for people: names and kinds

FILES = {
    "vsftpd": f"-rw-r--r--    1 1001     1001          812 Mar 01 02:45 {NAME}",
    "vsftpd, an older file": f"-rw-------    1 0        0             812 Mar 01  2026 {NAME}",
    "ProFTPD": f"-rw-r--r--   1 tenure   hr            812 Mar  1 02:45 {NAME}",
    "Pure-FTPd": f"-rw-r--r--    1 1000       hr                  812 Mar  1 02:45 {NAME}",
    "wu-ftpd": f"-rw-r--r--   1 root     wheel         812 Mar  1  2026 {NAME}",
    "FileZilla": f"-rw-rw-rw- 1 ftp ftp             812 Mar 01 02:45 {NAME}",
    "pyftpdlib": f"-rw-r--r--   1 tenure   tenure        812 Mar 01 02:45 {NAME}",
    "IIS as Unix": f"-rwxrwxrwx   1 owner    group             812 Mar  1  2:45 {NAME}",
    "NetWare": f"-[R----F--]  1 supervisor         812 Mar 01 02:45 {NAME}",
    "an access list": f"-rw-r--r--+   1 tenure   hr            812 Mar  1 02:45 {NAME}",
    "SELinux": f"-rw-r--r--.   1 tenure   hr            812 Mar  1 02:45 {NAME}",
    "macOS": f"-rw-r--r--@   1 tenure   hr            812 Mar  1 02:45 {NAME}",
    "setuid": f"-rwsr-Sr-t   1 tenure   hr            812 Mar  1 02:45 {NAME}",
    "no group": f"-rw-r--r--   1 tenure            812 Mar  1 02:45 {NAME}",
    "no number of links": f"-rw-r--r-- tenure hr 812 Mar  1 02:45 {NAME}",
    "an owner with spaces": f"-rw-r--r-- 1 ACME\\HR Team Domain Users 812 Mar  1 02:45 {NAME}",
    "an owner in Dutch": f"-rw-r--r-- 1 Beëindigd hr 812 Mar  1 02:45 {NAME}",
    "a month in German": f"-rw-r--r-- 1 tenure hr 812 Mär  1 02:45 {NAME}",
    "the day first": f"-rw-r--r-- 1 tenure hr 812 1. März 02:45 {NAME}",
    "seconds": f"-rw-r--r-- 1 tenure hr 812 Mar  1 02:45:00 {NAME}",
    "ISO dates": f"-rw-r--r-- 1 tenure hr 812 2027-03-01 02:45 {NAME}",
    "IIS": f"03-01-27  02:45AM                  812 {NAME}",
    "IIS, years in full": f"03-01-2027  02:45AM                  812 {NAME}",
    "IIS, by 24 hours": f"03-01-27  14:45                  812 {NAME}",
    "IIS, with points": f"01.03.2027  14:45              1.812 {NAME}",
    "IIS, ISO dates": f"2027-03-01  02:45PM                  812 {NAME}",
}


@pytest.mark.parametrize("server", FILES)
def test_a_file_is_known_whoever_lists_it(server: str) -> None:
    """D2"""
    assert shown_entries(FILES[server]) == [Entry(NAME, is_file=True)]


OTHERS = {
    "a directory": f"drwxr-xr-x    2 1001     1001         4096 Mar 01 02:45 {NAME}",
    "a sticky directory": f"drwxrwxrwt    2 1001     1001         4096 Mar 01 02:45 {NAME}",
    "a pipe": f"prw-r--r--    1 1001     1001            0 Mar 01 02:45 {NAME}",
    "a socket": f"srwxr-xr-x    1 1001     1001            0 Mar 01 02:45 {NAME}",
    "a device": f"brw-rw----    1 0        6        8,   0 Mar 01 02:45 {NAME}",
    "a terminal": f"crw-rw----    1 0        5        4, 12 Mar 01 02:45 {NAME}",
    "a door": f"Drw-r--r--    1 0        0            0 Mar 01 02:45 {NAME}",
    "a link that leads nowhere": f"lrwxrwxrwx    1 1001     1001            4 Mar 01 02:45 {NAME}",
    "a directory of IIS": f"03-01-27  02:45AM       <DIR>          {NAME}",
    "a junction of IIS": f"03-01-2027  02:45AM       <JUNCTION>     {NAME}",
    "a link of IIS": f"03-01-2027  02:45AM       <SYMLINK>      {NAME}",
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_file_is_known_as_well(kind: str) -> None:
    """D2"""
    assert shown_entries(OTHERS[kind]) == [Entry(NAME, is_file=False)]


def test_a_link_is_known_by_each_name_it_may_have() -> None:
    """D2"""
    line = "lrwxrwxrwx    1 0        0              11 Mar 01 02:45 a -> b -> /etc/passwd"

    assert shown_entries(line) == [Entry("a", is_file=False), Entry("a -> b", is_file=False)]


NAMES = [
    "alleo employees 1.csv",
    "  led by spaces.csv",
    "followed by one .csv ",
    "a -> b.csv",
    "Mar  1 02:45 1.csv",
    "812 Mar  1 02:45 1.csv",
    "-rw-r--r-- 1.csv",
    "total 12",
    "<DIR>",
    "é€😀.csv",
    "caf\udce9.csv",
    "tab\there.csv",
    "ideographic\u3000space.csv",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "line",
    [
        "-rw-r--r--    1 1001     1001          812 Mar 01 02:45 {}",
        "-rw-r--r--   1 tenure   hr            812 Mar  1  2026 {}",
        "03-01-27  02:45AM                  812 {}",
    ],
    ids=["time", "year", "IIS"],
)
def test_a_name_is_kept_as_it_is(line: str, name: str) -> None:
    """D2"""
    assert shown_entries(line.format(name)) == [Entry(name, is_file=True)]


@pytest.mark.parametrize("line", ["", "  ", "total 12", "total 0", "Total of 3 files"])
def test_what_is_no_entry_is_none(line: str) -> None:
    assert shown_entries(line) == []


@pytest.mark.parametrize(
    "line",
    [
        NAME,
        f"+i8388621.48594,m825718503,r,s280,\t{NAME}",
        f"{NAME};1              2/3   1-MAR-2027 02:45:00  [TENURE]   (RWED,RWED,RE,)",
        f"TENURE           812 27/03/01 02:45:00 *STMF      {NAME}",
        "Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname",
        "-rw-r--r--",
        "-rw-r--r-- 1 tenure hr 812 Mar  1 02:45",
        "-rw-r--r-- 1 tenure hr 812 sometime name",
        "03-01-27  02:45AM",
    ],
    ids=["a name", "EPLF", "VMS", "AS/400", "z/OS", "rights", "no name", "no time", "no size"],
)
def test_a_line_of_another_make_is_not_guessed_at(line: str) -> None:
    """D2"""
    assert shown_entries(line) is None


def test_a_long_line_is_read_or_given_up_in_a_moment() -> None:
    """R6"""
    for filling in ("1 ", "a ", " ", "1 Mar 1 ", "812 Mar  1 02:45 ", "8, "):
        line = "-rw-r--r-- " + filling * (8000 // len(filling))

        assert not any(entry.name == NAME for entry in shown_entries(line) or [])


# MLSD, for programs: everything


def test_facts_tell_everything() -> None:
    """D4"""
    line = f"type=file;size=812;modify=20270301024500;perm=r;unix.mode=0644; {NAME}"

    assert fact_entry(line) == Entry(NAME, True, 812, nanoseconds(MOMENT))


FACTS = {
    "ProFTPD": f"modify=20270301024500;size=812;type=file;unique=80U1;UNIX.group=0; {NAME}",
    "Pure-FTPd": f"type=file;siz=812;size=812;modify=20270301024500;UNIX.mode=0644; {NAME}",
    "FileZilla": f"type=file;modify=20270301024500.000;size=812; {NAME}",
    "IIS": f"Type=File;Size=812;Modify=20270301024500; {NAME}",
    "in capitals": f"TYPE=FILE;SIZE=812;MODIFY=20270301024500; {NAME}",
    "no semicolon at the end": f"type=file;size=812;modify=20270301024500 {NAME}",
}


@pytest.mark.parametrize("server", FACTS)
def test_facts_are_known_in_every_order_and_case(server: str) -> None:
    """D2"""
    assert fact_entry(FACTS[server]) == Entry(NAME, True, 812, nanoseconds(MOMENT))


@pytest.mark.parametrize(
    "kind",
    ["dir", "cdir", "pdir", "OS.unix=slink:/etc/passwd", "OS.unix=symlink", "OS.unix=fifo", ""],
)
def test_only_a_file_is_a_file(kind: str) -> None:
    """D2"""
    entry = fact_entry(f"type={kind};size=812;modify=20270301024500; {NAME}")

    assert (entry.name, entry.is_file) == (NAME, False)


def test_what_facts_leave_out_is_not_known() -> None:
    """D4"""
    assert fact_entry(f"perm=r; {NAME}") == Entry(NAME, None, None, None)
    assert fact_entry(f" {NAME}") == Entry(NAME, None, None, None)
    assert fact_entry(f"type=file;size=-1;modify=yesterday; {NAME}") == Entry(NAME, is_file=True)


@pytest.mark.parametrize("name", [*NAMES, "a; b.csv", "type=dir; b.csv"])
def test_a_name_after_facts_is_kept_as_it_is(name: str) -> None:
    """D2"""
    assert fact_entry(f"type=file;size=812; {name}") == Entry(name, True, 812)


# Names that come as paths


@pytest.mark.parametrize(
    ("directory", "path"),
    [
        ("/outgoing", NAME),
        ("/outgoing", f"./{NAME}"),
        ("/outgoing", f"/outgoing/{NAME}"),
        ("/outgoing/", f"/outgoing/{NAME}"),
        ("outgoing", f"outgoing/{NAME}"),
        ("/", f"/{NAME}"),
        (".", f"./{NAME}"),
    ],
)
def test_a_path_into_the_directory_is_a_name(directory: str, path: str) -> None:
    """D2"""
    assert name_in((".", directory.rstrip("/")), path) == NAME


@pytest.mark.parametrize(
    "path",
    [f"/{NAME}", f"../{NAME}", f"/etc/{NAME}", f"outgoing/{NAME}", f"/outgoing/old/{NAME}"],
)
def test_a_path_elsewhere_is_no_name(path: str) -> None:
    """D2"""
    assert name_in((".", "/outgoing"), path) is None


# Sizes, moments and ports


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("812", 812), ("5368709120", 5 * 1024**3)])
def test_a_size_is_a_number(text: str, size: int) -> None:
    """D4"""
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_000", "8.5", "812 bytes", "٣", "9" * 5000])
def test_what_is_no_size_is_none(text: str) -> None:
    """D4"""
    assert read_size(text) is None


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        ("20270301024500", 0),
        ("20270301024500.5", 500_000_000),
        ("20270301024500.123", 123_000_000),
        ("20270301024500.123456789", 123_456_789),
        ("20270301024500.1234567899", 123_456_789),
    ],
)
def test_a_moment_is_as_exact_as_it_is_told(text: str, fraction: int) -> None:
    """D4"""
    assert read_moment(text) == nanoseconds(MOMENT) + fraction


@pytest.mark.parametrize(
    "text",
    ["", "0", "20270301", "20270230024500", "20270301024560", "191270301024500", "2027030102450٣"],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    """D4"""
    assert read_moment(text) is None


@pytest.mark.parametrize(
    "reply",
    [
        "227 Entering Passive Mode (192,0,2,7,166,119).",
        "227 Entering Passive Mode. 10,0,0,1,166,119",
        "227 =127,0,0,1,166,119",
        "229 Entering Extended Passive Mode (|||42615|)",
        "229 ok (!!!42615!)",
    ],
)
def test_a_server_names_a_port(reply: str) -> None:
    """D1"""
    assert passive_port(reply) == 42615


@pytest.mark.parametrize(
    "reply",
    [
        "227 Entering Passive Mode",
        "227 (127,0,0,1,166,256)",
        "227 (127,0,0,1,0,0)",
        "229 (|||65536|)",
        "229 (|||0|)",
        "229 (|1|10.0.0.1|21|)",
    ],
)
def test_what_names_no_port_is_none(reply: str) -> None:
    """D1"""
    assert passive_port(reply) is None
