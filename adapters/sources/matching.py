"""What a connection test tells of a customer's directory: the files that match, and near misses."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.sources.names import display_name
from adapters.sources.pickup import Directory
from adapters.sources.source import Step


def matching_steps(directory: Directory, where: str, pattern: str) -> Iterator[Step]:
    """Lists the directory. Yields a step for it, for the number of matches, and for each file."""
    listing = directory.look()
    yield Step("directory", f"{where} can be listed")
    number = f"{len(listing.files)} file{'' if len(listing.files) == 1 else 's'}"
    yield Step("matching", f"{number if listing.files else 'no file'} for {pattern}")
    for name, stat in sorted(listing.files.items(), key=lambda item: (item[1].modified, item[0])):
        modified = f"modified {stat.moment:%Y-%m-%d %H:%M:%S} UTC"
        yield Step("file", f"{display_name(name)}, {stat.size} bytes, {modified}")
    for name in listing.near_misses:
        yield Step("near miss", f"{display_name(name)} does not match the pattern, but nearly")
