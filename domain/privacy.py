"""Values that hold personal data and therefore never print it."""

from __future__ import annotations

import msgspec


class Redacted(msgspec.Struct, frozen=True):
    """An immutable value whose `repr` names its type and nothing of its content.

    Logs, error reports and assertion messages print `repr`s. Names and addresses must not get
    there that way.
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"
