"""The part that all servers share: the address, the stages and the attempts of a pick-up."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from adapters.errors import Contradiction
from adapters.progress import UNWATCHED, Progress
from adapters.secrets import Secret, read_regular
from adapters.sources.deadline import Deadline, Timeouts
from adapters.sources.endpoint import Endpoint
from adapters.sources.pickup import Directory, Stability, pick_up
from adapters.sources.proxy import wrong_with_proxy
from adapters.sources.retry import retry
from adapters.sources.settings import PATTERN, Pattern, Port, Seconds, Text, is_address
from adapters.sources.source import Keeper, Overwhelmed, PickUp, Step

MAX_REQUESTS = 64
"""Requests for pieces of a file that wait for an answer at the same time, to begin with."""

_log = logging.getLogger(__name__)
PAUSE_S = 1.0  # before the next log-in at a server that does not answer so many requests

Stages: TypeAlias = Generator[Step | Directory]
"""The steps to a customer's directory, and at the end the directory. To close it disconnects."""


class ServerSource(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="protocol"
):
    """The regular files directly in `directory` of a server whose names match `pattern` (D2).

    `bind` is the local address to connect from. `proxy` is the URL of a proxy, or a secret that has
    the URL. `settle` and `settle_limit` are in seconds (D4). A transient failure is tried again,
    with at most `attempts` attempts. `deadline` is the limit in seconds for the whole pick-up, with
    all attempts.
    """

    host: Text
    directory: Text
    username: Text
    port: Port | None = None
    pattern: Pattern = PATTERN
    bind: str | None = None
    proxy: str | Secret | None = None
    settle: Seconds = 5
    settle_limit: Seconds = 60
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 4
    deadline: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 1800
    timeouts: Timeouts = Timeouts()

    def __post_init__(self) -> None:
        """Raises `Contradiction` for settings that do not fit together."""
        if contradictions := self.contradictions():
            raise Contradiction(contradictions)

    def contradictions(self) -> dict[str, str]:
        """Returns what is expected of each setting that does not fit the others, by its key."""
        wrong = {}
        if self.bind is not None and not is_address(self.bind):
            wrong["bind"] = 'expected an address of this machine like "10.0.0.4"'
        if isinstance(self.proxy, str) and (words := wrong_with_proxy(self.proxy)):
            wrong["proxy"] = words
        if self.settle >= self.deadline:
            limit = f"which is {self.deadline:g}"
            wrong["settle"] = f"expected fewer seconds than the deadline, {limit}"
        return wrong

    @property
    def place(self) -> str:
        """The protocol, the user, the server and the directory."""
        protocol, port = self.__struct_config__.tag, self.endpoint.port
        return f"{protocol} {self.username}@{self.host}:{port} {self.directory}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each secret or file that cannot be read now, and for each secret that
        every user of this machine can read."""
        return warnings_of(self)

    @property
    def endpoint(self) -> Endpoint:
        """The host and port of the server, and how to connect to it."""
        return Endpoint(self.host, self.port or self.usual_port, self.bind, self.proxy)

    @property
    def usual_port(self) -> int:
        """The port of the protocol if the configuration names none."""
        raise NotImplementedError

    def stages(self, deadline: Deadline, requests: int) -> Stages:
        """Connects, logs in and enters the directory. Yields each step, and then the directory.

        At most `requests` requests for pieces of a file wait for an answer at the same time, if the
        protocol has such requests. Raises `SourceUnreachable` at the first step that fails.
        """
        raise NotImplementedError

    def fetch(self, limit: int, keeper: Keeper, progress: Progress = UNWATCHED) -> PickUp:
        """Returns the matching files. `keeper` gets each file as soon as it was read whole.

        A file of more than `limit` bytes is returned without its data. Raises `SourceUnreachable`,
        and `StillUploading` if a file keeps changing (D4).

        An `Overwhelmed` server gets half as many requests at the same time in the rest of the
        pick-up. That is not one of the attempts, and happens at most six times: then one is left.
        """
        deadline = Deadline(self.deadline)
        stability = Stability(self.settle, self.settle_limit)
        requests = MAX_REQUESTS

        def pick_up_once() -> PickUp:
            with closing(self.stages(deadline, requests)) as stages:
                directory = next(each for each in stages if not isinstance(each, Step))
                with deadline.ends(directory.close):
                    sleep = deadline.sleep
                    return pick_up(directory, limit, stability, keeper, progress, sleep=sleep)

        def attempt() -> PickUp:
            nonlocal requests
            while True:
                try:
                    return pick_up_once()
                except Overwhelmed as error:
                    requests //= 2
                    _log.info("trying again with %d at most: %s", requests, error.problem)
                    deadline.sleep(PAUSE_S)

        return retry(attempt, self.attempts, deadline)

    def steps(self) -> Iterator[Step]:
        """Tests the connection. Yields each step that succeeds, and downloads nothing.

        Raises `SourceUnreachable` at the first step that fails.
        """
        from adapters.sources.matching import matching_steps

        deadline = Deadline(self.deadline)
        with closing(self.stages(deadline, MAX_REQUESTS)) as stages:
            for stage in stages:
                if isinstance(stage, Step):
                    yield stage
                else:
                    with deadline.ends(stage.close):
                        yield from matching_steps(stage, self.directory, self.pattern)


def warnings_of(settings: msgspec.Struct, prefix: str = "") -> tuple[str, ...]:
    """Returns a sentence for each problem of a secret or file. `prefix` stands before the names."""
    names = settings.__struct_fields__
    warnings = (_warning(f"{prefix}{name}", getattr(settings, name)) for name in names)
    return tuple(warning for warning in warnings if warning)


def _warning(setting: str, value: object) -> str | None:
    """Returns a sentence if the secret or file of a setting has a problem."""
    if isinstance(value, Secret):
        return value.warning(setting)
    if isinstance(value, Path):
        _, problem = read_regular(value)
        return f"the file {value}, which `{setting}` names, {problem}" if problem else None
    return None
