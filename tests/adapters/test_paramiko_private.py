"""The private parts of paramiko that the product uses (ADR 0014)."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import paramiko
import pytest
from paramiko.auth_handler import AuthHandler
from paramiko.packet import Packetizer

SFTP = Path(__file__).parents[2] / "adapters" / "sources" / "sftp"
FILE = SFTP / "paramiko_private.py"
USED = {
    (AuthHandler, "__init__"): "(self, transport)",
    (AuthHandler, "_parse_service_accept"): "(self, m)",
    (AuthHandler, "_request_auth"): "(self)",
    (AuthHandler, "auth_interactive"): "(self, username, handler, event, submethods='')",
    (AuthHandler, "auth_none"): "(self, username, event)",
    (AuthHandler, "auth_password"): "(self, username, password, event)",
    (AuthHandler, "auth_publickey"): "(self, username, key, event)",
    (AuthHandler, "wait_for_response"): "(self, event)",
    (Packetizer, "_read_timeout"): "(self, timeout)",
    (Packetizer, "complete_handshake"): "(self)",
    (Packetizer, "read_all"): "(self, n, check_rekey=False)",
    (Packetizer, "read_message"): "(self)",
    (paramiko.Channel, "_feed"): "(self, m)",
    (paramiko.Channel, "_feed_extended"): "(self, m)",
    (paramiko.Transport, "_check_banner"): "(self)",
    (paramiko.Transport, "_parse_disconnect"): "(self, m)",
    (paramiko.Transport, "_really_parse_kex_init"): "(self, m, ignore_first_byte=False)",
}
TABLES = {"_channel_handler_table"}


@pytest.mark.parametrize(("owner", "name"), USED, ids=lambda each: getattr(each, "__name__", each))
def test_a_private_part_of_paramiko_has_its_signature(owner: type, name: str) -> None:
    """When a later paramiko has lost a private part that the product uses, or has changed its
    signature, the name of this test says which."""
    # given
    part = getattr(owner, name, None)

    # when / then
    assert part is not None, f"paramiko has no {owner.__name__}.{name} any more"
    assert str(inspect.signature(part)) == USED[owner, name]


def test_the_table_of_channel_messages_is_there() -> None:
    """The table of paramiko that the product extends calls `_feed` for data on a channel."""
    # when
    handlers = paramiko.Transport._channel_handler_table.values()  # type: ignore[attr-defined]  # noqa: SLF001

    # then
    assert {paramiko.Channel._feed, paramiko.Channel._feed_extended} <= set(handlers)  # type: ignore[attr-defined]  # noqa: SLF001


def test_every_private_part_is_listed_here() -> None:
    """This list has every private name that the file uses, so that it stays complete."""
    # when
    text = FILE.read_text()
    used = re.findall(r"(?:super\(\)|Channel|Transport)\.(_[a-z]\w*)", text)
    overridden = re.findall(r"def (_[a-z]\w*)\(self", text)

    # then
    private = {name for _, name in USED if re.match("_[a-z]", name)}
    assert {*used, *overridden} == private | TABLES


def test_private_parts_are_used_in_one_file_only() -> None:
    """No other file of the product reaches into paramiko's private parts."""
    # given
    others = [file for file in SFTP.glob("*.py") if file != FILE]

    # when
    private = [
        file.name for file in others if re.search(r"SLF001|super\(\)\._[a-z]", file.read_text())
    ]

    # then
    assert others
    assert private == []
