"""Sidebyside: contacts beside each other, field by field, with what agrees and what does not. Pure.

Everything that comes from a contact is escaped. What is told is told by a sign and a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from contacttools.committing.report import plain
from contacttools.contact import fields, merge
from contacttools.contact.fields import Field, Json
from contacttools.contact.wire import Values
from contacttools.merging import forecast
from contacttools.planning.change import item_text
from contacttools.planning.render import STYLE, escape, named
from contacttools.staging.stage import called
from contacttools.widgets.rows import fold

_LONGEST = 300  # characters of one value

SAME, ALIKE, PARTLY = "= same", "≈ nearly the same", "≈ some in common"
DIFFERENT, ALONE = "≠ different", "only one has it"

_LOOK = f"""{STYLE}<style>
.ct-plan.ct-beside{{max-width:none}}
.ct-beside .ct-wide{{overflow-x:auto}}
.ct-plan.ct-beside .ct-card tbody td:nth-child(n),.ct-plan.ct-beside .ct-card th{{width:auto;
white-space:normal;min-width:7em;max-width:22em;overflow-wrap:anywhere;vertical-align:top}}
.ct-plan.ct-beside .ct-card th{{border-bottom:1px solid var(--jp-border-color1,#bbb)}}
.ct-plan.ct-beside .ct-card th[scope=row]{{font-weight:400;border-bottom:0}}
</style>"""


def html(documents: Sequence[Json], extended: Mapping[str, Field]) -> str:
    """Return contacts side by side, a column each, numbered from 1, and a row per field."""
    values = [forecast.held(each) for each in documents]
    heads = "".join(
        f"<th scope='col'>{number} · {named(called(each))}<br>"
        f"<code>{escape(each['id'])}</code></th>"
        for number, each in enumerate(documents, 1)
    )
    rows = "".join(_row(name, _label(name, extended), values) for name in _names(values))
    owned = "".join(_owned(title, [read(each) for each in documents]) for title, read in _OWNED)
    return (
        f"{_LOOK}<div class='ct-plan ct-beside'><div class='ct-card'><div class='ct-wide'><table>"
        f"<thead><tr><th scope='col'>Field</th>{heads}<th scope='col'>Compared</th></tr></thead>"
        f"<tbody>{rows}{owned}</tbody></table></div></div></div>"
    )


def verdict(name: str, values: Sequence[Json]) -> str:
    """Return in a sign and words how the values of a field agree; of those that have one."""
    there = [value for value in values if value not in (None, ())]
    if len(there) < 2:
        return ALONE if len(values) > 1 else ""
    if name in fields.LISTS or name == fields.LABELS.name:
        rest = [[item for value in there if value is not own for item in value] for own in there]
        shared = [
            [_among(name, item, others) for item in own]
            for own, others in zip(there, rest, strict=True)
        ]
        if all(all(each) for each in shared):
            return SAME
        return PARTLY if any(any(each) for each in shared) else DIFFERENT
    if all(merge.same(name, there[0], each) for each in there):
        return SAME
    return ALIKE if len({_folded(each) for each in there}) == 1 else DIFFERENT


def _folded(value: Json) -> str:
    return " ".join(fold(str(value)).split())


def _among(name: str, item: Json, others: Sequence[Json]) -> bool:
    if name == fields.LABELS.name:
        return item in others
    return any(forecast.same_item(fields.LISTS[name], item, other) for other in others)


def _names(values: Sequence[Values]) -> Iterator[str]:
    """Return the fields that any of them has, in the order of a form."""
    held = dict.fromkeys(name for each in values for name, value in each.items() if value)
    order = [*fields.SCALARS, *fields.LISTS, fields.LABELS.name]
    yield from (name for name in order if name in held)
    yield from (name for name in held if name not in order)


def _label(name: str, extended: Mapping[str, Field]) -> str:
    return extended[name].label if name in extended else fields.label(name)


def _row(name: str, label: str, values: Sequence[Values]) -> str:
    listed = [each.get(name) for each in values]
    cells = "".join(f"<td>{_cell(name, value, listed)}</td>" for value in listed)
    return (
        f"<tr><th scope='row'>{escape(label)}</th>{cells}"
        f"<td><span class='ct-kind'>{verdict(name, listed)}</span></td></tr>"
    )


def _cell(name: str, value: Json, listed: Sequence[Json]) -> str:
    if value in (None, ()):
        return ""
    if name not in fields.LISTS and name != fields.LABELS.name:
        return _short(plain(name, value))
    others = [item for other in listed if other and other is not value for item in other]
    lines = []
    for item in value:
        text = item if name == fields.LABELS.name else item_text(fields.LISTS[name], item)
        told = _short(text)
        lines.append(f"<ins>= {told}</ins>" if _among(name, item, others) else told)
    return "<br>".join(lines)


def _short(value: object) -> str:
    text = str(value)
    return escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _owned(title: str, told: Sequence[str]) -> str:
    if not any(told):
        return ""
    cells = "".join(f"<td>{escape(each)}</td>" for each in told)
    return f"<tr><th scope='row'>{title}</th>{cells}<td></td></tr>"


_OWNED: tuple[tuple[str, Callable[[Json], str]], ...] = (
    ("Site member", forecast.membership),
    ("Created", lambda document: str(document.get("createdDate") or "")[:10]),
)
