"""Threeway: a field as it was, as we want it and as it is, side by side in HTML. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from contacttools.contact import fields, merge
from contacttools.contact.fields import Json
from contacttools.planning.change import item_text, parts_text
from contacttools.planning.pages import HIDDEN
from contacttools.planning.render import escape

_SHOWN = 300  # characters of a value, from shortly before what differs
_BEFORE = 40

Text = str | None


class Sides(Protocol):
    """One field, three ways."""

    @property
    def field(self) -> str:
        """Its name."""
        ...

    @property
    def base(self) -> Json:
        """What it was."""
        ...

    @property
    def ours(self) -> Json:
        """What we want it to be."""
        ...

    @property
    def theirs(self) -> Json:
        """What it is."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """One field three ways, for whoever has nothing else to hold it."""

    field: str
    base: Json
    ours: Json
    theirs: Json


def three_way_html(
    sides: Iterable[Sides],
    heads: Sequence[str] = ("was", "ours", "theirs"),
    *,
    labels: dict[str, str] | None = None,
    hide: bool = False,
) -> str:
    """Return fields three ways as a table: lists item by item, and marked what is not as it was.

    Parameters
    ----------
    sides : iterable of Difference or Way
    heads : sequence of str
        What the three columns are called.
    labels : dict, optional
        What fields are called, where it is not what `fields.label` says.
    hide : bool
        Show that there is a value, and not which.
    """
    heading = "".join(f"<th>{escape(head)}</th>" for head in ("field", *heads))
    body = []
    for side in sides:
        called = (labels or {}).get(side.field) or fields.label(side.field)
        rows = list(_rows(side)) or [(None, None, None)]
        for n, texts in enumerate(rows):
            head = f"<tr class='ct-first'><th>{escape(called)}</th>" if n == 0 else "<tr><td></td>"
            listed = side.field in fields.LISTS or side.field == fields.LABELS.name
            cells = "".join(_cells(texts, listed=listed, hide=hide))
            body.append(f"{head}{cells}</tr>")
    return (
        f"<table class='ct-three'><thead><tr>{heading}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def _cells(texts: Sequence[Text], *, listed: bool, hide: bool) -> Iterator[str]:
    """Yield the three cells of a row; what is not as it was is marked by more than its colour."""
    was = texts[0]
    for text, shown in zip(texts, _around(texts), strict=True):
        told = escape(HIDDEN if hide and shown is not None else shown)
        if text is None:
            never = "–" if listed else "nothing"
            gone = "removed" if listed else "cleared"
            yield f"<td><i>{never}</i></td>" if was is None else f"<td><b>{gone}</b></td>"
        elif text != was:
            yield f"<td><ins>{told}</ins></td>"
        else:
            yield f"<td><span>{told}</span></td>"


def _around(texts: Sequence[Text]) -> Iterator[Text]:
    """Yield texts shortened to what surrounds the first place where they differ."""
    given = [text for text in texts if text is not None]
    start = 0
    if max(map(len, given), default=0) > _SHOWN:
        alike = next(
            (n for n, each in enumerate(zip(*given, strict=False)) if len(set(each)) > 1),
            min(map(len, given)),
        )
        start = max(alike - _BEFORE, 0) if len(given) > 1 else 0
    for text in texts:
        if text is None or len(text) <= _SHOWN:
            yield text
        else:
            end = start + _SHOWN
            yield f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


def _rows(side: Sides) -> Iterator[tuple[Text, Text, Text]]:
    """Yield what stands beside each other: a value, or each item of a list, or each label."""
    values = (side.base, side.ours, side.theirs)
    if side.field in fields.LISTS:
        yield from _item_rows(side.field, *(list(each or ()) for each in values))
    elif side.field == fields.LABELS.name:
        for key in dict.fromkeys(key for each in values for key in each or ()):
            base, ours, theirs = (key if key in (each or ()) else None for each in values)
            yield base, ours, theirs
    else:
        base, ours, theirs = (None if each is None else str(each) for each in values)
        yield base, ours, theirs


def _item_rows(
    name: str, base: list[Json], ours: list[Json], theirs: list[Json]
) -> Iterator[tuple[Text, Text, Text]]:
    """Yield the items of the base, each with what became of it, then what is new."""
    lists = (base, ours, theirs)
    kept = [_kept(name, base, each) for each in lists]
    rows = [tuple(side[n] for side in kept) for n in range(len(base))]
    new = [_new(name, base, each) for each in (ours, theirs)]
    for item in new[0]:
        stored = merge.stored_items(name, [item])
        twin = next((each for each in new[1] if merge.stored_items(name, [each]) == stored), None)
        new[1] = [each for each in new[1] if each is not twin]
        rows.append((None, item, twin))
    rows += [(None, None, item) for item in new[1]]
    for row in rows:
        one, other, third = _texts(name, lists, row)
        yield one, other, third


def _kept(name: str, base: list[Json], side: list[Json]) -> list[Json | None]:
    """Return the items of the base as one side has them; None where it has them no more."""
    became = {
        id(change.before): change.after
        for change in merge.item_changes(name, base, side)
        if change.kind in ("changed", "removed")
    }
    return [became.get(id(item), item) for item in base]


def _new(name: str, base: list[Json], side: list[Json]) -> list[Json]:
    changes = merge.item_changes(name, base, side)
    return [change.after for change in changes if change.kind == "added"]


def _texts(
    name: str, lists: Sequence[list[Json]], row: Sequence[Json | None]
) -> tuple[Text, Text, Text]:
    """Return the items of a row as text; in full where a short text would not tell them apart."""
    listing = fields.LISTS[name]
    kinds = {merge.item_key(listing, item, primary=False) for item in row if item is not None}
    short = {item_text(listing, item) for item in row if item is not None}
    tell = item_text if len(kinds) == len(short) else parts_text
    texts: list[Text] = []
    for items, item in zip(lists, row, strict=True):
        text = None if item is None else tell(listing, item)
        chosen = merge.primary(items) if listing.has_primary and len(items) > 1 else None
        if item is not None and chosen is not None and _same(listing, chosen, item):
            text = f"{text}, primary"
        texts.append(text)
    return texts[0], texts[1], texts[2]


def _same(listing: fields.ListField, one: Json, other: Json) -> bool:
    keys = [merge.item_key(listing, each, primary=False) for each in (one, other)]
    return keys[0] == keys[1]


LOOKS = """<style>
.ct-plan .ct-three{margin:.35em 0 .1em}
.ct-plan table.ct-three tr>*:nth-child(n){border:0;padding:.1em .8em .1em 0;text-align:left;
vertical-align:top;width:28%;white-space:normal;overflow-wrap:anywhere;font-weight:400}
.ct-plan table.ct-three tr>*:nth-child(1){width:16%;overflow-wrap:normal}
.ct-plan table.ct-three thead tr>*{font-size:11px;color:var(--jp-ui-font-color2,#555)}
.ct-plan table.ct-three tbody tr.ct-first>*:nth-child(n){border-top:1px solid
var(--jp-border-color3,#e0e0e0)}
.ct-plan table.ct-three td>span{white-space:pre-wrap;unicode-bidi:isolate}
.ct-plan table.ct-three td:nth-child(4) ins{background:rgba(110,110,140,.2)}
.ct-plan table.ct-three td>b{font-style:italic}
.ct-plan table.ct-three td>i{color:var(--jp-ui-font-color2,#555)}
</style>"""
