"""The log-in at an SSH server: by a key, by a password, or by both, in the order of the server.

Only the configured secrets are used: no agent, and no key files of this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

import paramiko

from adapters.secrets import Secret
from adapters.sources.failures import read_secret
from adapters.sources.sftp.algorithms import refuses_safe_rsa
from adapters.sources.sftp.client import describe
from adapters.sources.sftp.host import SshHost
from adapters.sources.sftp.keys import private_key
from adapters.sources.sftp.paramiko_private import Transport
from adapters.sources.source import SourceUnreachable

_BY_PASSWORD = ("password", "keyboard-interactive")
_METHODS = ("publickey", *_BY_PASSWORD)
_OTHER_KEY = "ask the customer to update the server, or to accept an Ed25519 key"


def log_in(transport: Transport, host: SshHost) -> SourceUnreachable | None:
    """Logs in. Returns the error if the log-in fails.

    The caller raises the error: here, its context could contain a secret.
    """
    try:
        _give_secrets(transport, host)
    except SourceUnreachable as error:
        return error
    except Exception as error:
        settings = host.settings("username", *_configured(host))
        if _is_answer(error):
            return SourceUnreachable(f"{_refusal(host)}; check {settings}")
        # A server that sends a disconnect message refuses and counts further attempts.
        transient = not transport.dismissed
        words = describe(error).words if transient else "the server closed the connection"
        return SourceUnreachable(
            f"{host.name} ended the log-in of {host.username} ({words}); check {settings}",
            transient=transient and describe(error).transient,
        )
    return None


def _give_secrets(transport: Transport, host: SshHost) -> None:
    """Gives each configured secret once, as the server accepts it, until the log-in is complete.

    Asks the server for its methods first, as all clients do. Servers log and count a method that
    they do not accept as a failed attempt. Raises `SourceUnreachable` and the errors of paramiko.
    """
    ways = _ways(transport, host)
    methods, proven = _attempt(partial(transport.attempt, "none", host.username))
    while methods:
        method = next((each for each in ways if each in methods), None)
        if method is None:
            raise _not_accepted(host, methods, proven=proven)
        attempt = ways[method]
        used = _BY_PASSWORD if method in _BY_PASSWORD else (method,)
        ways = {each: way for each, way in ways.items() if each not in used}
        methods, accepted = _attempt(attempt)
        proven = proven or accepted


def _attempt(attempt: Callable[[], list[str]]) -> tuple[Sequence[str], bool]:
    """Returns the methods that the server still requires, and whether it accepted the attempt."""
    try:
        return attempt(), True
    except paramiko.BadAuthenticationType as error:
        return error.allowed_types, False


def _ways(transport: Transport, host: SshHost) -> dict[str, Callable[[], list[str]]]:
    """Returns a function for each method to log in for which a secret is configured.

    A function reads its secret when it is called: a traceback could show a secret that waits.
    """
    ways: dict[str, Callable[[], list[str]]] = {}
    if secret := host.private_key:
        ways["publickey"] = partial(_give_key, transport, host, secret)
    if secret := host.password:
        ways["password"] = partial(_give_password, transport, host, secret)
        ways["keyboard-interactive"] = partial(
            transport.attempt, "interactive", host.username, _Answers(host, secret)
        )
    return ways


def _give_password(transport: Transport, host: SshHost, secret: Secret) -> list[str]:
    setting = f"{host.prefix}password"
    return transport.attempt("password", host.username, read_secret(secret, setting))


def _give_key(transport: Transport, host: SshHost, secret: Secret) -> list[str]:
    key = private_key(host, secret)
    is_rsa = key.get_name() == "ssh-rsa"
    only_sha1 = "RSA keys only with SHA-1 signatures (ssh-rsa), which are not safe"
    if is_rsa and refuses_safe_rsa(transport):
        raise SourceUnreachable(f"{host.name} accepts {only_sha1}; {_OTHER_KEY}")
    try:
        return transport.attempt("publickey", host.username, key)
    except paramiko.AuthenticationException as error:
        if not is_rsa or not _is_answer(error):
            raise
        check = f"check {host.settings('username', *_configured(host))}"
        raise SourceUnreachable(
            f"{_refusal(host)}; {check}; if they are right, the server may accept {only_sha1}: "
            f"{_OTHER_KEY}"
        ) from error


class _Answers:
    """Answers the first question of a server with the password."""

    def __init__(self, host: SshHost, secret: Secret) -> None:
        self._host = host
        self._secret = secret
        self._questions = 0

    def __call__(self, _: str, __: str, questions: Collection[object]) -> list[str]:
        """Returns the answers. Raises `SourceUnreachable` for a second question."""
        self._questions += len(questions)
        if self._questions > 1:
            raise SourceUnreachable(
                f"{_refusal(self._host)} by {self._host.settings('password')} alone; it asks a "
                "second question, perhaps for a code: ask the customer for a log-in without one"
            )
        return [read_secret(self._secret, f"{self._host.prefix}password") for _ in questions]


def _not_accepted(host: SshHost, methods: Sequence[str], *, proven: bool) -> SourceUnreachable:
    """Returns the error for a server that accepts only `methods`, for which no secret is left.

    `proven` is true if the server has accepted a secret before.
    """
    refusal = f"{_refusal(host)} by {host.settings(*_configured(host))}"
    both = host.private_key and host.password
    other = host.settings("password" if host.private_key else "private_key")
    if proven:
        hint = (
            "ask the customer for a log-in by key, by password, or by both"
            if both
            else f"set {other} too, if the customer has given you one"
        )
        return SourceUnreachable(f"{refusal} alone; it asks for something else besides: {hint}")
    wanted = " or ".join(method for method in _METHODS if method in methods)
    hint = f"set {other} instead"
    if both or not wanted:
        hint = "ask the customer for a log-in by password or key"
    return SourceUnreachable(f"{refusal}, only by {wanted or 'other means'}; {hint}")


def _refusal(host: SshHost) -> str:
    return f"{host.name} does not let {host.username} in"


def _configured(host: SshHost) -> list[str]:
    """Returns the settings of the secrets that are configured."""
    secrets = {"private_key": host.private_key, "password": host.password}
    return [name for name, secret in secrets.items() if secret]


def _is_answer(error: Exception) -> bool:
    """Whether the server refused a secret and did not just disconnect.

    paramiko has one class of errors for both.
    """
    if not isinstance(error, paramiko.AuthenticationException):
        return False
    ended = "timeout" in str(error).lower() or "EOF" in str(error)
    return not (ended or isinstance(error, paramiko.BadAuthenticationType))
