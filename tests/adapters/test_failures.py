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
from adapters.sources.failures import Kind, translate_errors
from adapters.sources.ftp_conversation import Refused, Unintelligible, Unsendable
from adapters.sources.pickup import Changed
from adapters.sources.source import SourceUnreachable

BROKE_OFF = Kind("the connection broke off", transient=True)
ALL = (failures.describe, ftp_conversation.describe, sftp_client.describe)


@pytest.mark.parametrize("describe", ALL)
@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN])
def test_a_network_that_is_gone_may_be_back_in_a_moment(
    describe: Callable[[Exception], Kind], number: int
) -> None:
    """R6"""
    assert describe(OSError(number, "hunter2")) == Kind(os.strerror(number), transient=True)


@pytest.mark.parametrize("describe", ALL)
def test_what_every_protocol_fails_with_is_told_in_the_same_words(
    describe: Callable[[Exception], Kind],
) -> None:
    """R6"""
    assert describe(TimeoutError()) == Kind("the server stopped answering", transient=True)
    assert describe(EOFError()) == describe(ConnectionResetError()) == BROKE_OFF
    assert describe(OSError("closed")) == BROKE_OFF
    denied = PermissionError(errno.EACCES, "hunter2")
    assert describe(denied) == Kind("Permission denied", refusal=True)
    assert describe(ZeroDivisionError("hunter2")) == Kind("ZeroDivisionError")


def test_what_a_protocol_fails_with_is_told() -> None:
    ftp, sftp = ftp_conversation.describe, sftp_client.describe

    assert sftp(SFTPError("hunter2")) == Kind("the server sent an unexpected reply")
    assert sftp(paramiko.SSHException("hunter2")) == BROKE_OFF
    assert sftp(paramiko.ChannelException(1, "hunter2")).refusal
    unexpected = Kind("the server sent an unexpected reply")
    assert ftp(Unintelligible()) == ftp(ftplib.error_reply("x")) == unexpected
    assert ftp(Refused(550)) == Kind("the server refuses with code 550", refusal=True)
    assert ftp(Refused(421)) == Kind("the server refuses with code 421", transient=True)
    assert ftp(Unsendable()).refusal
    assert ftp(ssl.SSLEOFError()) == BROKE_OFF


def told(error: Exception, *, known: bool) -> str:
    """What is said when this goes wrong."""
    explaining = translate_errors("x cannot be listed", "`directory`", known=known)
    with pytest.raises(SourceUnreachable) as raised, explaining:
        raise error
    return raised.value.problem


def test_a_setting_is_named_where_a_server_refuses_something() -> None:
    for known in (True, False):
        missing = told(FileNotFoundError(errno.ENOENT, ""), known=known)

        assert missing == "x cannot be listed (No such file or directory); check `directory`"


def test_no_setting_is_the_reason_where_a_server_that_has_let_us_in_falls_silent() -> None:
    unwell = "ask the customer whether their server works"

    assert told(TimeoutError(), known=True) == (
        f"x cannot be listed (the server stopped answering); {unwell}"
    )
    assert told(TimeoutError(), known=False).endswith("; check `directory`")


def test_what_is_explained_already_stays_as_it_is() -> None:
    """D4"""
    for error in (SourceUnreachable("already"), Changed("a.csv")):
        with pytest.raises(type(error)) as raised, translate_errors("x", "`directory`"):
            raise error

        assert raised.value is error
