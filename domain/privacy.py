"""Values that hold personal data and therefore never print their content."""

from __future__ import annotations

import msgspec


class Redacted(msgspec.Struct, frozen=True):
    """An immutable value whose `repr` shows its type and none of its content.

    Logs, error reports and assertion messages print the `repr` of values. They must not show the
    names and the addresses of employees.
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"
