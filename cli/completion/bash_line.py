"""Reads a line of bash up to the cursor, and writes words into it.

bash cuts words at characters such as `@`, `=` and `:`, and replaces only what stands after the last
of them. It puts a completion into the line as it is, so that a space has to be quoted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL | re.ASCII)  # TENURE_CONFIG=x.toml
_OBEYED = re.compile(r"[^\w@%+=:,./-]")
"""A character that bash may obey outside of quotes. Letters of all scripts are plain."""
_OBEYED_IN = {'"': '"$`\\!', "'": "'"}
"""What bash obeys inside of quotes."""


class Typed(NamedTuple):
    """What is typed of the word at the cursor, without its quotes.

    `kept` is the number of its characters that bash does not replace, and `quote` the open quote.
    """

    text: str
    kept: int = 0
    quote: str = ""

    def reply(self, word: str) -> str | None:
        """Returns what bash has to insert for a whole word, or `None` if it cannot be quoted."""
        rest = word[self.kept :]
        if self.quote:
            return None if set(rest) & set(_OBEYED_IN[self.quote]) else rest
        return _OBEYED.sub(r"\\\g<0>", rest)


def words_of(line: str, breaks: str) -> tuple[list[str], Typed]:
    """Returns the words after the name of the command, and what is typed of the last one.

    `breaks` are the characters at which bash cuts words.
    """
    words: list[str] = []
    word: str | None = None
    kept, quote, escaped = 0, "", False
    for character in line:
        if escaped:
            word, escaped = (word or "") + character, False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            if character == quote:
                quote = ""
            else:
                word = (word or "") + character
        elif character in "\"'":
            word, quote = word or "", character
            kept = len(word)
        elif character.isspace():
            words += [] if word is None else [word]
            word, kept = None, 0
        else:
            word = (word or "") + character
            kept = len(word) if character in breaks else kept
    while words and _ASSIGNMENT.fullmatch(words[0]):
        del words[0]
    return words[1:], Typed(word or "", kept, quote)
