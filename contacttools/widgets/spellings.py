"""Spellings: clusters as a person looks them through, and stages them one by one.

It touches the stage, by one call a gesture, and the screen. What is still to be decided follows
from the stage, so that an undo, here or in code, brings back what it takes back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import ipywidgets as widgets

from contacttools.auditing.clusters import Cluster, Clusters, clusters
from contacttools.cleaning.keys import METHODS
from contacttools.contact import fields
from contacttools.errors import BadValue
from contacttools.planning.render import count, escape, named, visible
from contacttools.staging.stage import Stage, called
from contacttools.widgets.editors import Widget, box_of, heading, let_go, put
from contacttools.widgets.panel import DRESS, Saying, button, show
from contacttools.widgets.rows import fold

PAGE = 10  # clusters on show at once
_MEMBERS = 12  # spellings of one cluster that are shown before one asks for all
_NAMED = 8  # contacts behind a spelling that are named
_SPACES = re.compile("^ +| +$| {2,}")
_OWN = ""  # another value than the spellings


def review(groups: Clusters, stage: Stage) -> ClusterReview:
    """Return a widget to look clusters through; see `Clusters.review`."""
    if not isinstance(stage, Stage):
        why = f"groups.review(stage): in a Stage, not a {type(stage).__name__}"  # type: ignore[unreachable]
        raise BadValue(why)
    return ClusterReview(groups, stage)


class ClusterReview(widgets.VBox):  # type: ignore[misc]
    """The widget that ``groups.review(stage)`` returns.

    Attributes
    ----------
    stage : Stage
    groups : Clusters
        Those that are still to be decided, as the stage is by now.
    """

    def __init__(self, groups: Clusters, stage: Stage) -> None:
        self.stage, self._whole, self.groups = stage, groups, groups
        self._left: dict[str, frozenset[str]] = {}  # spellings that may stay, by cluster
        self._cards: dict[str, Card] = {}
        self._first, self._asleep, self._old = 0, False, True
        self.saying = Saying()
        self.title = widgets.HTML()
        methods = [*METHODS, "levenshtein"]
        self.method = widgets.Dropdown(description="Alike by", options=methods, value=groups.method)
        self.search = widgets.Text(description="Search", placeholder="a spelling")
        self.told = widgets.HTML()
        self.back = button("Previous", lambda _: self._turn(-PAGE), "The clusters before")
        self.on = button("Next", lambda _: self._turn(PAGE), "The clusters after")
        self.all = button("Stage all shown", self._stage_all, "As one step, as they are ticked")
        self.undo = button("Undo", self._undo, "Take back the last step of the stage")
        self.anew = button("Show those that were left", self._anew, "Decide about them again")
        self._box: Widget = box_of("cf-cards")
        filters = box_of("cf-filters", self.search, self.method)
        line = box_of("cf-line", self.told, self.all, self.undo, self.anew, self.back, self.on)
        super().__init__(
            [
                widgets.HTML(DRESS, layout={"display": "block"}),
                self.title,
                box_of("cf-finder", filters, line),
                self.saying.says,
                self._box,
            ],
            _dom_classes=("cf-form", "cf-review", "cf-clusters"),
        )
        self.method.observe(self._by_another, "value")
        self.search.observe(self._sought, "value")
        self._unwatch = stage.watch(self.draw)
        self.draw()

    def __repr__(self) -> str:
        told = f"{count(len(self.groups), 'cluster')} of {visible(self.groups.column)}"
        return f"<Review of {told} by {self.groups.method}>"

    def close(self) -> None:
        """Stop following the stage and let go of the widgets."""
        self._unwatch()
        for card in self._cards.values():
            card.close()
        for part in self.children:
            let_go(part)
        super().close()

    @property
    def asleep(self) -> bool:
        """Whether nobody sees it: then it waits with looking at what is staged."""
        return self._asleep

    @asleep.setter
    def asleep(self, value: bool) -> None:
        self._asleep = value
        if not value and self._old:
            self.draw()

    # -- what is to be decided --------------------------------------------------------------

    @property
    def cards(self) -> list[Card]:
        """The clusters on show, in their order."""
        words = fold(self.search.value).split()
        found = [each for each in self.groups if _says(each, words)]
        return [self._card(each) for each in found[self._first : self._first + PAGE]]

    def _card(self, cluster: Cluster) -> Card:
        """Return the card of a cluster: the same one as long as the cluster is the same."""
        card = self._cards.get(cluster.key)
        if card is None or card.cluster != cluster:
            old, card = card, Card(self, cluster)
            self._cards[cluster.key] = card
            if old is not None:
                old.close()
        return card

    def _still(self) -> Clusters:
        """Return the clusters without those of which all that is there may stay."""
        now = self._whole.again(self.stage)
        kept = [
            n
            for n, each in enumerate(now)
            if not self._left.get(each.key, frozenset()).issuperset(each.spellings)
        ]
        return now.only(kept)

    # -- drawing ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Show what is to be decided by now."""
        self._old = self._asleep
        if self._asleep:
            return
        self.groups = self._still()
        words = fold(self.search.value).split()
        n = sum(_says(each, words) for each in self.groups)
        self._first = max(0, min(self._first, (n - 1) // PAGE * PAGE))
        cards = self.cards
        put(self._box, tuple(card.widget for card in cards))
        label = fields.label(self.groups.column)
        self.title.value = heading(f"One value, several spellings · {label}")
        where = f"{self._first + 1:,} to {self._first + len(cards):,} of " if n > PAGE else ""
        told = f"{where}{count(n, 'cluster')} to decide" if n else self._none(words)
        self.told.value = f"<span role='status'>{told}</span>"
        self.all.description = f"Stage all {len(cards)} shown"
        show(self.all, shown=len(cards) > 1)
        show(self.back, shown=n > PAGE)
        show(self.on, shown=n > PAGE)
        self.back.disabled, self.on.disabled = self._first == 0, self._first + PAGE >= n
        show(self.anew, shown=bool(self._left))

    def _none(self, words: list[str]) -> str:
        if words:
            return "No cluster has such a spelling."
        if self._left:
            return "All are decided."
        return "By this method no two spellings are one value."

    # -- gestures ---------------------------------------------------------------------------

    def _sought(self, _: object) -> None:
        self._first = 0
        self.draw()

    def _turn(self, by: int) -> None:
        self._first += by
        self.draw()

    def _by_another(self, _: object) -> None:
        def look() -> None:
            method = str(self.method.value)
            self._whole = clusters(self.stage, self._whole.column, method)
            self._left, self._first = {}, 0
            self.draw()

        self.saying.tell("")
        self.saying.attempt(look)

    def wanted(self, cards: Iterable[Card]) -> Clusters:
        """Return what a click on Stage stages of these clusters, as code would say it."""
        asked = {card.cluster.key: card for card in cards}
        numbers = [n for n, each in enumerate(self.groups) if each.key in asked]
        groups = self.groups
        for n in numbers:
            groups = groups.take(n, asked[groups.clusters[n].key].value)
        unticked = [value for card in asked.values() for value in card.unticked]
        return groups.without(unticked).only(numbers)

    def stage_these(self, cards: list[Card]) -> None:
        """Stage clusters as they are ticked, as one step."""
        changed: list[int] = []

        def apply() -> None:
            with self.stage.lock:
                before = dict(self._left)
                wanted = self.wanted(cards)
                changed.append(len(wanted.fixes()))
                for card in cards:
                    may_stay = frozenset({card.value, *card.unticked})
                    self._left[card.cluster.key] = may_stay
                try:
                    self.stage.apply(wanted)
                except Exception:
                    self._left = before
                    raise

        if self.saying.attempt(apply):
            into = f" become {escape(cards[0].value)}" if len(cards) == 1 else ""
            self.saying.tell(f"Staged: {count(changed[0], 'contact')}{into}")
            self.draw()

    def leave(self, card: Card) -> None:
        """Leave a cluster as it is."""
        self._left[card.cluster.key] = frozenset(card.cluster.spellings)
        self.saying.tell(f"Left as it is: {escape(card.cluster.suggestion)}")
        self.draw()

    def _stage_all(self, _: object) -> None:
        cards = [card for card in self.cards if card.changes]
        if cards:
            self.stage_these(cards)

    def _undo(self, _: object) -> None:
        def take_back() -> None:
            done = self.stage.undo()
            self.saying.tell("Taken back." if done else "There is nothing to take back.")

        self.saying.attempt(take_back)

    def _anew(self, _: object) -> None:
        self._left = {}
        self.saying.tell("")
        self.draw()

    def names(self, value: str) -> str:
        """Return who is behind a spelling, in HTML: the first few."""
        ids = self.groups.contacts(value)
        told = [
            f"{named(called(self.stage.document(each)))} <code>{escape(each)}</code>"
            for each in ids[:_NAMED]
        ]
        more = f"<br>… and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
        return "<br>".join(told) + more


class Card:
    """One cluster: a box to tick for each spelling, and what the ticked ones become.

    Attributes
    ----------
    cluster : Cluster
    widget : Widget
    ticks : dict of str to Widget
        By spelling.
    """

    def __init__(self, review: ClusterReview, cluster: Cluster) -> None:
        self._review, self.cluster = review, cluster
        self.ticks = {
            value: widgets.Checkbox(
                description=f"{spelled(value)} ({n:,})", value=True, indent=False
            )
            for value, n in cluster.spellings.items()
        }
        self._rows = [self._row(value, tick) for value, tick in self.ticks.items()]
        many = len(self._rows) > _MEMBERS
        self._members: Widget = box_of("cf-spellings", *self._rows[:_MEMBERS])
        self.more = button(f"All {len(self._rows)} spellings", self._all, "Show the others as well")
        show(self.more, shown=many)
        values = dict.fromkeys([cluster.suggestion, *cluster.spellings])
        self.becomes = widgets.Dropdown(
            description="Become",
            options=[*((spelled(each), each) for each in values), ("another value…", _OWN)],
        )
        self.own = widgets.Text(
            description="Value",
            placeholder="what all of them should be",
            continuous_update=False,  # else a click may overtake the last letters
        )
        self.told = widgets.HTML()
        who = visible(cluster.suggestion)
        self.stage = button("Stage this one", self._stage, f"Stage what is ticked of {who}")
        self.leave = button("Leave this one", lambda _: review.leave(self), f"Leave {who} as it is")
        for each in (self.stage, self.leave):
            each.add_class("cf-small")
        n = sum(cluster.spellings.values())
        told = f"{count(len(cluster.spellings), 'spelling')} of {count(n, 'contact')}"
        title = widgets.HTML(
            f"<div role='heading' aria-level='4'><strong>{escape(cluster.suggestion)}</strong> · "
            f"{told}</div>"
        )
        self.widget = box_of(
            "cf-cluster", title, self._members, self.more, self.becomes, self.own,
            box_of("cf-line", self.stage, self.leave, self.told),
        )  # fmt: skip
        for each in (*self.ticks.values(), self.becomes, self.own):
            each.observe(lambda _: self._draw(), "value")
        self._draw()

    @property
    def value(self) -> str:
        """What the ticked spellings become."""
        return str(self.own.value if self.becomes.value == _OWN else self.becomes.value)

    @property
    def unticked(self) -> list[str]:
        """The spellings that stay as they are."""
        return [value for value, tick in self.ticks.items() if not tick.value]

    @property
    def changes(self) -> int:
        """How many contacts would change."""
        if not self.value.strip():
            return 0
        stay = {self.value, *self.unticked}
        return sum(n for each, n in self.cluster.spellings.items() if each not in stay)

    def close(self) -> None:
        """Let go of the widgets."""
        for row in self._rows[_MEMBERS:]:
            let_go(row)
        let_go(self.widget)

    def _row(self, value: str, tick: Widget) -> Widget:
        names = widgets.HTML(_dom_classes=("cf-names",))
        show(names, shown=False)

        def look(_: object) -> None:
            hidden = names.layout.display == "none"
            names.value = self._review.names(value) if hidden else ""
            show(names, shown=hidden)
            who.description = "Hide" if hidden else "Who?"

        who = button("Who?", look, f"Who has {visible(value)}")
        who.add_class("cf-small")
        return box_of("cf-spelling", tick, who, names)

    def _all(self, _: object) -> None:
        put(self._members, tuple(self._rows))
        show(self.more, shown=False)

    def _draw(self) -> None:
        show(self.own, shown=self.becomes.value == _OWN)
        n = self.changes
        self.stage.disabled = not n
        told = f"{count(n, 'contact')} would change" if n else "No contact would change"
        self.told.value = f"<span role='status'>{told}</span>"

    def _stage(self, _: object) -> None:
        if self.changes:
            self._review.stage_these([self])


def spelled(value: str) -> str:
    """Return a spelling in which one sees what a page would not show: spaces, accents apart."""
    told = _SPACES.sub(lambda found: "␣" * len(found[0]), visible(value))
    apart = unicodedata.normalize("NFC", value) != value
    return f"{told}, accents written apart" if apart else told


def _says(cluster: Cluster, words: list[str]) -> bool:
    """Say whether spellings of a cluster have all of these words."""
    through = fold(" ".join(cluster.spellings))
    return all(word in through for word in words)
