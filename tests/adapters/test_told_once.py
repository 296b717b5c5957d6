"""A feed over many days: what turns bad is told once, and what is merely still so is not (Q2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from adapters.notify_settings import Channel, Notify
from adapters.store.store import Store
from projections.notices import news_of
from tests.adapters.days import ANNA, BAD_ANNA, BAD_BRAM, BRAM, DORA, Days


def taken(days: Days) -> list[str]:
    """Why somebody has to be told since the last look, in words: the reasons of each notice."""
    now, found = days.watch.moment, []
    while notice := days.store.notices.take(Channel.COMMAND, now, now + timedelta(hours=1)):
        news = news_of(notice)
        found.append(" ".join(news.reasons) if news else "")
        days.store.notices.delete(notice)
    return found


def test_each_turn_of_a_feed_is_told_once(store: Store) -> None:
    """Q2: An error is told when it opens, a feed when it turns bad and when it is well again, and a
    held delivery when it is held. A pick-up that brings nothing new makes no notification.
    """
    # given
    days = Days(store)
    settings = replace(days.app.settings, notify=Notify(command=("tell",)))
    days.app = days.app._replace(settings=settings, notifies=True)
    story: list[tuple[Callable[[], Any], list[str]]] = [
        (lambda: days.take(ANNA, BRAM), []),
        (lambda: days.take(BAD_ANNA, BRAM), ["unchanged error rejected"]),
        (lambda: days.take(BAD_ANNA, BRAM), []),
        (days.again, []),
        (lambda: days.take(BAD_ANNA, BAD_BRAM), ["unchanged error rejected"]),
        (days.miss, ["no-file feed"]),
        (days.miss, []),
        (days.fail, ["failed error"]),
        (days.fail, []),
        (lambda: days.take(ANNA, BRAM, DORA), ["applied feed"]),
        (days.again, []),
        (lambda: days.hold(ANNA, BRAM), ["held feed"]),
        (days.again, []),
        (days.approve, ["unchanged feed"]),
        (days.again, []),
    ]

    # when / then
    for number, (step, expected) in enumerate(story):
        step()
        assert (number, taken(days)) == (number, expected)
