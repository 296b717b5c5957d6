"""Allocates addresses to employees by deferred acceptance (Gale and Shapley, 1962).

Every party that wants another address proposes to it. An address prefers its present holder and
rejects every other proposal. A rejected party proposes to the addresses that it has already. These
addresses prefer it, and may therefore reject another party. The outcome does not depend on the
order of proposals, so that the order of rows never matters, and swaps and chains of addresses need
no special case (I2). The external ids of a map are allocated in the same way (S12).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping


def allot(
    wishes: Mapping[str, str],
    holder_of: Callable[[str], str | None],
    holdings_of: Callable[[str], Collection[str]],
) -> dict[str, str]:
    """Returns the parties that do not get the address that they want, each with its holder.

    `wishes` maps a party to an address; no two parties want the same address. `holder_of` returns
    the party that has an address today, and `holdings_of` returns the addresses of a party. A party
    that gets the address that it wants releases all its other addresses.
    """
    turned_down: dict[str, str] = {}
    wanted_by = {address: party for party, address in wishes.items()}
    proposing = list(wishes)
    while proposing:
        party = proposing.pop()
        address = wishes[party]
        holder = holder_of(address)
        if party in turned_down or holder is None or holder == party:
            continue
        if holder in wishes and holder not in turned_down and wishes[holder] != address:
            continue  # the holder wants another address, and is not rejected so far
        turned_down[party] = holder
        # A rival that wants an address that this party now keeps has to propose again.
        rivals = (wanted_by.get(kept) for kept in holdings_of(party))
        proposing.extend(rival for rival in rivals if rival is not None and rival != party)
    return turned_down
