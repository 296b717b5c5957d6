"""Who gets which address: deferred acceptance (Gale and Shapley, 1962).

Everyone who wants another address proposes to it. An address prefers the one who has it already,
and turns everybody else down for them. Who is turned down proposes to what they have, and is
preferred there, which may turn somebody else down in turn. The outcome does not depend on the order
of proposals, so that the order of rows never matters, and swaps and chains of addresses need no
special case (I2).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping


def allot(
    wishes: Mapping[str, str],
    holder_of: Callable[[str], str | None],
    holdings_of: Callable[[str], Collection[str]],
) -> dict[str, str]:
    """Those who do not get the address that they want, each with the one who keeps it.

    `wishes` maps a party to an address; no two parties want the same one. `holder_of` tells which
    party has an address today, and `holdings_of` which addresses a party has. A party whose wish
    comes true lets go of all holdings but that address.
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
            continue  # the holder lets go of it, as far as is known
        turned_down[party] = holder
        # A rival who wants an address that this party now keeps has to propose again.
        rivals = (wanted_by.get(kept) for kept in holdings_of(party))
        proposing.extend(rival for rival in rivals if rival is not None and rival != party)
    return turned_down
