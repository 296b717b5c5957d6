"""What is told of what goes wrong with a server, and whether it may pass."""

from __future__ import annotations

import errno
import ftplib
import os
import ssl
from collections.abc import Callable

import paramiko
import pytest
from paramiko.sftp import SFTPError

from adapters.sources import failures, ftp_conversation, sftp_client
from adapters.sources.failures import Kind, explained
from adapters.sources.ftp_conversation import Refused, Unintelligible, Unsendable
from adapters.sources.pickup import Changed
from adapters.sources.source import SourceUnreachable

BROKE_OFF = Kind("the conversation broke off", passing=True)
ALL = (failures.kind_of, ftp_conversation.kind_of, sftp_client.kind_of)


@pytest.mark.parametrize("kind_of", ALL)
@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN])
def test_a_network_that_is_gone_may_be_back_in_a_moment(
    kind_of: Callable[[Exception], Kind], number: int
) -> None:
    """R6"""
    assert kind_of(OSError(number, "hunter2")) == Kind(os.strerror(number), passing=True)


@pytest.mark.parametrize("kind_of", ALL)
def test_what_every_protocol_fails_with_is_told_in_the_same_words(
    kind_of: Callable[[Exception], Kind],
) -> None:
    """R6"""
    assert kind_of(TimeoutError()) == Kind("it fell silent", passing=True)
    assert kind_of(EOFError()) == kind_of(ConnectionResetError()) == BROKE_OFF
    assert kind_of(OSError("closed")) == BROKE_OFF
    denied = PermissionError(errno.EACCES, "hunter2")
    assert kind_of(denied) == Kind("Permission denied", refusal=True)
    assert kind_of(ZeroDivisionError("hunter2")) == Kind("ZeroDivisionError")


def test_what_a_protocol_fails_with_is_told() -> None:
    ftp, sftp = ftp_conversation.kind_of, sftp_client.kind_of

    assert sftp(SFTPError("hunter2")) == Kind("it answers something else")
    assert sftp(paramiko.SSHException("hunter2")) == BROKE_OFF
    assert sftp(paramiko.ChannelException(1, "hunter2")).refusal
    assert (
        ftp(Unintelligible()) == ftp(ftplib.error_reply("x")) == Kind("it answers something else")
    )
    assert ftp(Refused(550)) == Kind("the server refuses with code 550", refusal=True)
    assert ftp(Refused(421)) == Kind("the server refuses with code 421", passing=True)
    assert ftp(Unsendable()).refusal
    assert ftp(ssl.SSLEOFError()) == BROKE_OFF


def told(error: Exception, *, known: bool) -> str:
    """What is said when this goes wrong."""
    explaining = explained("x cannot be listed", "`directory`", known=known)
    with pytest.raises(SourceUnreachable) as raised, explaining:
        raise error
    return raised.value.problem


def test_a_setting_is_named_where_a_server_refuses_something() -> None:
    for known in (True, False):
        missing = told(FileNotFoundError(errno.ENOENT, ""), known=known)

        assert missing == "x cannot be listed (No such file or directory); check `directory`"


def test_no_setting_is_the_reason_where_a_server_that_has_let_us_in_falls_silent() -> None:
    unwell = "ask the customer whether their server is well"

    assert told(TimeoutError(), known=True) == f"x cannot be listed (it fell silent); {unwell}"
    assert told(TimeoutError(), known=False).endswith("; check `directory`")


def test_what_is_explained_already_stays_as_it_is() -> None:
    """D4"""
    for error in (SourceUnreachable("already"), Changed("a.csv")):
        with pytest.raises(type(error)) as raised, explained("x", "`directory`"):
            raise error

        assert raised.value is error
