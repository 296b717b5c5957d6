"""What proves to an SSH server who we are: one key, or one password, and nothing else of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import paramiko


class AuthMethod(Protocol):
    """A proof, given once.

    Attributes:
        asked_more: whether the server asked for something else besides.
    """

    asked_more: bool

    def authenticate(self, transport: paramiko.Transport, username: str) -> list[str]:
        """Logs in; what else the server wants is left. Raises whatever paramiko does."""


class KeyAuth:
    """By a private key."""

    asked_more = False

    def __init__(self, key: paramiko.PKey) -> None:
        self._key = key

    def authenticate(self, transport: paramiko.Transport, username: str) -> list[str]:
        """By the method of that name."""
        return transport.auth_publickey(username, self._key)


class PasswordAuth:
    """By a password. Servers ask for it in one of two ways."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._told = False
        self.asked_more = False

    def authenticate(self, transport: paramiko.Transport, username: str) -> list[str]:
        """As a password, or as the answer to the one question of a server that asks questions.

        It is asked first which of them it takes, as every client does: one that it does not take
        would be an attempt that failed, and stand in its log.
        """
        try:
            return transport.auth_none(username)
        except paramiko.BadAuthenticationType as error:
            takes = error.allowed_types
            if not {"password", "keyboard-interactive"} & set(takes):
                raise
        if "password" in takes:
            return transport.auth_password(username, self._password, fallback=False)
        return transport.auth_interactive(username, self._answers)

    def _answers(self, _: str, __: str, questions: Sequence[object]) -> list[str]:
        """The password, to the first question alone: another one asks for something else."""
        if not questions:
            return []
        if self._told or len(questions) > 1:
            self.asked_more = True
            return []
        self._told = True
        return [self._password]
