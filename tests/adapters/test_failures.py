"""How the errors of servers are described, and which of them are transient."""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Callable

import paramiko
import pytest
from paramiko.sftp import SFTPError

from adapters.sources import failures
from adapters.sources.failures import Kind, translate_errors
from adapters.sources.ftp import replies
from adapters.sources.ftp.replies import Refused, Unintelligible, Unsendable
from adapters.sources.pickup import Changed
from adapters.sources.sftp import client
from adapters.sources.source import SourceUnreachable

BROKE_OFF = Kind("the connection broke off", transient=True)
ALL = (failures.describe, replies.describe, client.describe)


@pytest.mark.parametrize("describe", ALL)
@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN])
def test_a_failed_network_is_transient(describe: Callable[[Exception], Kind], number: int) -> None:
    """R6: An unreachable network is a transient failure in every protocol."""
    # when / then
    assert describe(OSError(number, "hunter2")) == Kind(os.strerror(number), transient=True)


@pytest.mark.parametrize("describe", ALL)
def test_common_errors_have_the_same_description_in_every_protocol(
    describe: Callable[[Exception], Kind],
) -> None:
    """R6: Errors that all protocols share have the same description in each, without the text of
    the error."""
    # when / then
    assert describe(TimeoutError()) == Kind("the server stopped answering", transient=True)
    assert describe(EOFError()) == describe(ConnectionResetError()) == BROKE_OFF
    assert describe(OSError("closed")) == BROKE_OFF
    denied = PermissionError(errno.EACCES, "hunter2")
    assert describe(denied) == Kind("Permission denied", refusal=True)
    assert describe(ZeroDivisionError("hunter2")) == Kind("ZeroDivisionError")


def test_each_protocol_describes_its_own_errors() -> None:
    """SFTP and FTP describe their own errors, without the text of the error."""
    # given
    ftp, sftp = replies.describe, client.describe

    # when / then
    assert sftp(SFTPError("hunter2")) == Kind("the server sent an unexpected reply")
    assert sftp(paramiko.SSHException("hunter2")) == BROKE_OFF
    assert sftp(paramiko.ChannelException(1, "hunter2")).refusal
    unexpected = Kind("the server sent an unexpected reply")
    assert ftp(Unintelligible()) == unexpected
    assert ftp(Refused(550)) == Kind("the server refuses with code 550", refusal=True)
    assert ftp(Refused(421)) == Kind("the server refuses with code 421", transient=True)
    assert ftp(Unsendable()).refusal
    assert ftp(ssl.SSLEOFError()) == BROKE_OFF


def told(error: Exception, *, known: bool) -> str:
    """Returns the problem into which an error is translated."""
    explaining = translate_errors("x cannot be listed", "`directory`", known=known)
    with pytest.raises(SourceUnreachable) as raised, explaining:
        raise error
    return raised.value.problem


def test_a_refusal_names_the_setting_to_check() -> None:
    """When a server refuses a request, the problem names the setting to check, before the log-in
    and after it."""
    for known in (True, False):
        # when
        missing = told(FileNotFoundError(errno.ENOENT, ""), known=known)

        # then
        assert missing == "x cannot be listed (No such file or directory); check `directory`"


def test_silence_after_the_log_in_names_no_setting() -> None:
    """When a server stops answering after the log-in, the problem names no setting. Before the
    log-in, it does."""
    # given
    unwell = "ask the customer whether their server works"

    # when / then
    assert told(TimeoutError(), known=True) == (
        f"x cannot be listed (the server stopped answering); {unwell}"
    )
    assert told(TimeoutError(), known=False).endswith("; check `directory`")


def test_an_error_that_is_already_translated_is_not_changed() -> None:
    """D4: An error that is already translated, and the report of a changed file, are raised
    unchanged."""
    # when / then
    for error in (SourceUnreachable("already"), Changed("a.csv")):
        with pytest.raises(type(error)) as raised, translate_errors("x", "`directory`"):
            raise error

        assert raised.value is error
