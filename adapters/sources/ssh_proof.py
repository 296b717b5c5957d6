"""The ways to log in to an SSH server: by a key, by a password, or by both.

Only the configured secrets are used: no agent, and no key files of this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import paramiko

from adapters.sources.ssh_transport import Transport


class AuthMethod(Protocol):
    """A way to log in. An object is used once."""

    @property
    def asked_more(self) -> bool:
        """Whether the server asked for more than the configured secrets."""

    def authenticate(self, transport: Transport, username: str) -> list[str]:
        """Logs in, and returns the methods that the server still requires.

        Raises the errors of paramiko.
        """


class KeyAuth:
    """Logs in by a private key."""

    asked_more = False

    def __init__(self, key: paramiko.PKey) -> None:
        self._key = key

    def authenticate(self, transport: Transport, username: str) -> list[str]:
        """Logs in by the method `publickey`."""
        return transport.attempt("publickey", username, self._key)


class PasswordAuth:
    """Logs in by a password. A server asks for it in one of two ways.

    It takes the method `password`, or it asks a question by the method `keyboard-interactive`.
    """

    def __init__(self, password: str) -> None:
        self._password = password
        self._answered = False
        self.asked_more = False

    def authenticate(self, transport: Transport, username: str) -> list[str]:
        """Logs in by the method that the server accepts.

        Asks the server for its methods first, as all clients do. Servers log and count a method
        that they do not accept as a failed attempt.
        """
        try:
            return transport.attempt("none", username)
        except paramiko.BadAuthenticationType as error:
            if not {"password", "keyboard-interactive"} & set(error.allowed_types):
                raise
            return self.answer(transport, username, error.allowed_types)

    def answer(self, transport: Transport, username: str, methods: Sequence[str]) -> list[str]:
        """Logs in by one of the `methods` that the server accepts."""
        if "password" in methods:
            return transport.attempt("password", username, self._password)
        return transport.attempt("interactive", username, self._answers)

    def _answers(self, _: str, __: str, questions: Sequence[object]) -> list[str]:
        """Answers the first question with the password. Any other question asks for more."""
        if not questions:
            return []
        if self._answered or len(questions) > 1:
            self.asked_more = True
            return []
        self._answered = True
        return [self._password]


class KeyAndPasswordAuth:
    """Logs in by a private key and a password, for a server that may require both."""

    def __init__(self, key: KeyAuth, password: PasswordAuth) -> None:
        self._key = key
        self._password = password

    @property
    def asked_more(self) -> bool:
        """Whether the server asked for more than the configured secrets."""
        return self._password.asked_more

    def authenticate(self, transport: Transport, username: str) -> list[str]:
        """Logs in by the key, and by the password if the server requires it too.

        If the server does not accept the key first, the password comes first.
        """
        try:
            wanted = self._key.authenticate(transport, username)
        except paramiko.BadAuthenticationType as error:
            wanted = self._password.answer(transport, username, error.allowed_types)
            return self._key.authenticate(transport, username) if "publickey" in wanted else wanted
        if {"password", "keyboard-interactive"} & set(wanted):
            return self._password.answer(transport, username, wanted)
        return wanted
