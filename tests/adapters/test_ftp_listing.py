"""Tests of the parser for the listings of FTP servers by many makers."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from adapters.sources.ftp.listing import (
    Entry,
    fact_entry,
    read_moment,
    read_size,
    shown_entries,
)
from adapters.sources.ftp.replies import current_path, passive_port
from adapters.sources.names import name_in

NAME = "alleo_employees_1.csv"
MOMENT = datetime(2027, 3, 1, 2, 45, tzinfo=UTC)
NOW = datetime(2027, 3, 10, tzinfo=UTC)


def nanoseconds(moment: datetime) -> int:
    """Returns the nanoseconds from 1970 to the moment."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


# LIST, a listing for people: names and kinds

FILES = {
    "vsftpd": f"-rw-r--r--    1 1001     1001          812 Mar 01 02:45 {NAME}",
    "ProFTPD": f"-rw-r--r--   1 tenure   hr            812 Mar  1 02:45 {NAME}",
    "Pure-FTPd": f"-rw-r--r--    1 1000       hr                  812 Mar  1 02:45 {NAME}",
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
    "NetWare, a blank after the kind": f"- [R----F--] rhesus         812       Mar 01 02:45 {NAME}",
    "NetPresenz": f"-------r--         326  1391972  812 Mar  1 2:45 {NAME}",
    "a month in French": f"-rw-r--r-- 1 tenure hr 812 mars  1 02:45 {NAME}",
    "a month that is not UTF-8": f"-rw-r--r-- 1 tenure hr 812 M\udce4r  1 02:45 {NAME}",
    "seconds": f"-rw-r--r-- 1 tenure hr 812 Mar  1 02:45:00 {NAME}",
    "ISO dates": f"-rw-r--r-- 1 tenure hr 812 2027-03-01 02:45 {NAME}",
    "IIS": f"03-01-27  02:45AM                  812 {NAME}",
    "IIS, years in full": f"03-01-2027  02:45AM                  812 {NAME}",
}


@pytest.mark.parametrize("server", FILES)
def test_a_file_in_a_list_line_of_each_server_is_recognised(server: str) -> None:
    """D2, D4: A LIST line of each known server gives name, kind, size and time of a file."""
    # when / then
    assert shown_entries(FILES[server], NOW) == [shown(NAME, 812, MOMENT)]


def shown(name: str, size: int | None, moment: datetime | None) -> Entry:
    """Returns the entry of a file in LIST."""
    return Entry(
        name,
        is_file=True,
        shown_size=size,
        shown_modified=nanoseconds(moment) if moment else None,
    )


AFTERNOON = MOMENT.replace(hour=14)
OLD = datetime(2026, 3, 1, tzinfo=UTC)
VARIANTS = [
    ("-rw-------    1 0        0             812 Mar 01  2026 {}", 812, OLD),
    ("-rw-r--r-- 1 tenure hr 812 Mar 11 14:45 {}", 812, AFTERNOON.replace(year=2026, day=11)),
    ("-rw-r--r-- 1 tenure hr 812 Mar 10 14:45 {}", 812, AFTERNOON.replace(day=10)),
    ("-rw-r--r-- 1 tenure hr 812 Mar 32 02:45 {}", 812, None),
    ("-rw-r--r-- 1 tenure hr 812 Xyz  1 02:45 {}", 812, None),
    ("-rw-r--r-- 1 tenure hr 8,12 Mar  1 02:45 {}", None, MOMENT),
    ("-rw-r--r-- 1 tenure hr 1,234,567 Mar  1 02:45 {}", 1234567, MOMENT),
    ("-rw-r--r-- 1 tenure hr 1 234 567 Mar  1 02:45 {}", 1234567, MOMENT),
    ("-rw-r--r-- 1 0 100 234 Mar  1 02:45 {}", 234, MOMENT),
    ("-rw-r--r-- 1 tenure hr 1\udca0234 Mar  1 02:45 {}", 1234, MOMENT),
    ("03-01-27  14:45                  812 {}", 812, AFTERNOON),
    ("03/15/2027  2:45 PM              812 {}", 812, AFTERNOON.replace(day=15)),
    ("15/03/2027  14:45                812 {}", 812, AFTERNOON.replace(day=15)),
    ("01.03.2027  14:45              1.812 {}", 1812, AFTERNOON),
    ("2027-03-01  02:45PM                  812 {}", 812, AFTERNOON),
    ("03-01-27  12:45AM               1'234 {}", 1234, MOMENT.replace(hour=0)),
]


@pytest.mark.parametrize(("line", "size", "moment"), VARIANTS)
def test_a_list_line_gives_size_and_time(
    line: str, size: int | None, moment: datetime | None
) -> None:
    """D4: A LIST line gives size and time. Without a year, the time is the last such one.

    It may be a day ahead of UTC, because the server's zone may be.
    """
    # when / then
    assert shown_entries(line.format(NAME), NOW) == [shown(NAME, size, moment)]


@pytest.mark.parametrize("seconds", [-86_400, -1, 0, 1, 3600, 86_400])
def test_a_time_without_a_year_does_not_jump_at_new_year(seconds: int) -> None:
    """D4: Two looks shortly before and after midnight and new year give the same time."""
    # given
    line = f"-rw-r--r-- 1 tenure hr 812 Dec 31 23:59 {NAME}"
    now = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    # when / then
    moment = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert shown_entries(line, now) == [shown(NAME, 812, moment)]


def test_a_size_with_a_blank_gives_an_entry_for_each_reading() -> None:
    """D2: `1 234 567 name` may be a file of 1, of 1234 or of 1234567 bytes."""
    # when
    entries = shown_entries(f"03-01-27  02:45AM   1 234 567 {NAME}", NOW)

    # then
    names = (f"234 567 {NAME}", f"567 {NAME}", NAME)
    sizes = (1, 1234, 1234567)
    assert entries == [shown(name, size, MOMENT) for name, size in zip(names, sizes, strict=True)]


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
def test_an_entry_of_another_kind_is_not_a_file(kind: str) -> None:
    """D2: A directory, a link, a pipe or a device in a LIST line is not a regular file."""
    # when / then
    assert shown_entries(OTHERS[kind], NOW) == [Entry(NAME, is_file=False)]


def test_a_link_gives_an_entry_for_each_possible_name() -> None:
    """D2: A link gives an entry for each name that it may have.

    The link name and the target may both contain an arrow.
    """
    # given
    line = "lrwxrwxrwx    1 0        0              11 Mar 01 02:45 a -> b -> /etc/passwd"

    # when / then
    assert shown_entries(line, NOW) == [Entry("a", is_file=False), Entry("a -> b", is_file=False)]


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
def test_a_name_in_a_list_line_is_kept_unchanged(line: str, name: str) -> None:
    """D2: The parser keeps every character of a name in a LIST line."""
    # when / then
    entries = shown_entries(line.format(name), NOW)
    assert entries
    assert (entries[0].name, entries[0].is_file) == (name, True)


@pytest.mark.parametrize("line", ["", "  ", "total 12", "total 0", "Total of 3 files"])
def test_an_empty_line_or_a_total_is_no_entry(line: str) -> None:
    """D2: An empty line or a line with a total gives no entry."""
    # when / then
    assert shown_entries(line, NOW) == []


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
def test_a_list_line_in_an_unknown_format_is_not_understood(line: str) -> None:
    """D2: The parser returns None for a LIST line in a format that it does not know."""
    # when / then
    assert shown_entries(line, NOW) is None


@pytest.mark.parametrize(
    ("filling", "is_entry"),
    [
        *(("1 ", False), ("a ", False), (" ", False), ("1 Mar 1 ", False), ("8, ", False)),
        ("812 " * 1990 + "Mar  1 02:45 a", True),
        ("812 Mar  1 02:45 ", True),
    ],
)
def test_a_long_list_line_is_parsed_quickly(filling: str, is_entry: bool) -> None:
    """R6: The parser needs less than a second for a long LIST line, understood or not."""
    # given
    line = "-rw-r--r-- " + filling * (8000 // len(filling))
    start = time.process_time()

    # when
    entries = shown_entries(line, NOW)

    # then
    assert time.process_time() - start < 1
    assert (entries is not None) == is_entry


# MLSD, a listing for programs: all facts


FACTS = {
    "more facts": f"type=file;size=812;modify=20270301024500;perm=r;unix.mode=0644; {NAME}",
    "ProFTPD": f"modify=20270301024500;size=812;type=file;unique=80U1;UNIX.group=0; {NAME}",
    "Pure-FTPd": f"type=file;siz=812;size=812;modify=20270301024500;UNIX.mode=0644; {NAME}",
    "FileZilla": f"type=file;modify=20270301024500.000;size=812; {NAME}",
    "IIS": f"Type=File;Size=812;Modify=20270301024500; {NAME}",
    "in capitals": f"TYPE=FILE;SIZE=812;MODIFY=20270301024500; {NAME}",
    "no semicolon at the end": f"type=file;size=812;modify=20270301024500 {NAME}",
}


@pytest.mark.parametrize("server", FACTS)
def test_an_mlsd_line_gives_kind_size_and_time(server: str) -> None:
    """D2, D4: An MLSD line gives kind, size and time. The facts may come in any order and case."""
    # when / then
    assert fact_entry(FACTS[server]) == Entry(NAME, True, 812, nanoseconds(MOMENT))


@pytest.mark.parametrize(
    "kind",
    ["dir", "cdir", "pdir", "OS.unix=slink:/etc/passwd", "OS.unix=symlink", "OS.unix=fifo", ""],
)
def test_an_mlsd_entry_of_another_type_is_not_a_file(kind: str) -> None:
    """D2: An MLSD entry is a regular file only if its type is `file`."""
    # when
    entry = fact_entry(f"type={kind};size=812;modify=20270301024500; {NAME}")

    # then
    assert (entry.name, entry.is_file) == (NAME, False)


def test_a_missing_or_malformed_mlsd_fact_is_unknown() -> None:
    """D4: A fact that is missing or malformed in an MLSD line is unknown."""
    # when / then
    assert fact_entry(f"perm=r; {NAME}") == Entry(NAME, None, None, None)
    assert fact_entry(f" {NAME}") == Entry(NAME, None, None, None)
    assert fact_entry(f"type=file;size=-1;modify=yesterday; {NAME}") == Entry(NAME, is_file=True)


@pytest.mark.parametrize("name", [*NAMES, "a; b.csv", "type=dir; b.csv"])
def test_a_name_in_an_mlsd_line_is_kept_unchanged(name: str) -> None:
    """D2: The parser keeps every character of a name in an MLSD line."""
    # when / then
    assert fact_entry(f"type=file;size=812; {name}") == Entry(name, True, 812)


# Paths instead of names


@pytest.mark.parametrize(
    ("directory", "path", "name"),
    [
        ("/outgoing", NAME, NAME),
        ("/outgoing", f"./{NAME}", NAME),
        ("/outgoing", f"/outgoing/{NAME}", NAME),
        ("/outgoing/", f"/outgoing/{NAME}", NAME),
        ("outgoing", f"outgoing/{NAME}", NAME),
        ("/", f"/{NAME}", NAME),
        (".", f"./{NAME}", NAME),
        ("/outgoing", f"/{NAME}", None),
        ("/outgoing", f"../{NAME}", None),
        ("/outgoing", f"/etc/{NAME}", None),
        ("/outgoing", f"outgoing/{NAME}", None),
        ("/outgoing", f"/outgoing/old/{NAME}", None),
    ],
)
def test_a_path_in_the_listed_directory_gives_the_name(
    directory: str, path: str, name: str | None
) -> None:
    """D2: A path in the listed directory gives the name of the file, and any other path none."""
    # when / then
    assert name_in((".", directory.rstrip("/")), path) == name


# Sizes, times and ports


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("812", 812),
        ("5368709120", 5 * 1024**3),
        *((text, None) for text in ("", "-1", "+1", "1_000", "8.5", "812 bytes", "٣", "9" * 5000)),
    ],
)
def test_a_size_is_read(text: str, size: int | None) -> None:
    """D4: A size is a plain number of at most 18 digits. Anything else is unknown."""
    # when / then
    assert read_size(text) == size


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
def test_a_time_is_read_with_its_fraction(text: str, fraction: int) -> None:
    """D4: A time is read with its fraction of a second, down to nanoseconds."""
    # when / then
    assert read_moment(text) == nanoseconds(MOMENT) + fraction


@pytest.mark.parametrize(
    "text",
    ["", "0", "20270301", "20270230024500", "20270301024560", "191270301024500", "2027030102450٣"],
)
def test_a_malformed_time_is_unknown(text: str) -> None:
    """D4: A text that is not a valid date and time is unknown."""
    # when / then
    assert read_moment(text) is None


@pytest.mark.parametrize(
    ("reply", "port"),
    [
        ("227 Entering Passive Mode (192,0,2,7,166,119).", 42615),
        ("227 Entering Passive Mode. 10,0,0,1,166,119", 42615),
        ("227 =127,0,0,1,166,119", 42615),
        ("229 Entering Extended Passive Mode (|||42615|)", 42615),
        ("229 ok (!!!42615!)", 42615),
        ("227 Entering Passive Mode", None),
        ("227 (127,0,0,1,166,256)", None),
        ("227 (127,0,0,1,0,0)", None),
        ("229 (|||65536|)", None),
        ("229 (|||0|)", None),
        ("229 (|1|10.0.0.1|21|)", None),
    ],
)
def test_the_port_of_a_passive_reply_is_read(reply: str, port: int | None) -> None:
    """D1: The port is read from a reply to PASV or EPSV in each known format."""
    # when / then
    assert passive_port(reply) == port


@pytest.mark.parametrize(
    ("reply", "path"),
    [
        ('257 "/outgoing" is the current directory', "/outgoing"),
        ('257 "/a ""quoted"" path"', '/a "quoted" path'),
        ("257 /outgoing", None),
        ('250 "/outgoing"', None),
        ('257 "/outgoing', None),
    ],
)
def test_the_path_of_the_current_directory_is_read(reply: str, path: str | None) -> None:
    """D2: The path is read from a reply to PWD, with its quotation marks."""
    # when / then
    assert current_path(reply) == path
