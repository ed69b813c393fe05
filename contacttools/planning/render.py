"""Render: plans as people read them, and whatever is shown safely, in HTML and in text. Pure.

Everything that comes from a contact passes through `escape` on its way into HTML and
through `visible` on its way into text: markup is shown, never run, and characters that
hide or reorder text are spelled out.
"""

from __future__ import annotations

import difflib
import html
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from contacttools.contact.fields import label
from contacttools.planning.provenance import NONE, Provenance

Kind = Literal["added", "changed", "cleared", "removed", "primary moved"]
KINDS: tuple[Kind, ...] = ("added", "changed", "cleared", "removed", "primary moved")

CARDS = 200  # more than anyone reads; the rest is said to exist and is in to_frame()
TEXT_CARDS = 20
_EXAMPLES = 5  # of a risk in plain text; more would push the diff off the screen
_ALIKE = 0.34  # below this, two texts have so little in common that marking words misleads
_WHOLE = ("emails", "phones")  # the pieces of an address or a number are no words
_CONTEXT = 40  # characters of unchanged text kept on each side of a change
_COMPARED = 40_000  # pairs of words; comparing more would keep the reader waiting
_LONGEST = 4000  # characters compared word by word; beyond, old and new are shown whole
_numbers = itertools.count(1)  # radio groups must not share a name within a page


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diff."""

    contact_id: str
    item_id: str | None
    field: str
    kind: Kind
    before: Any
    after: Any
    provenance: Provenance = NONE

    @property
    def why(self) -> str:
        """Why it is wanted: the reason, or else the rule; empty where neither is."""
        return self.provenance.text


#: One update: the contact, its name, where it stands, and the diff.
Card = tuple[str, str, str, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class PlanView:
    """What there is to say about a plan."""

    id: str
    site_id: str
    takes_back: str  # the plan whose commit it undoes
    snapshot_at: datetime
    cards: Sequence[Card]
    kinds: Counter[Kind]
    by_field: Counter[str]
    duration: str
    pace: int
    risks: Mapping[str, Sequence[tuple[str, str]]]  # contact and words, by what they have in common
    notes: Sequence[str]
    refused: Sequence[tuple[str, str | None, str]]


# -- making text safe -----------------------------------------------------------------------


# Letters and marks that show nothing, and spaces that look like the one on the keyboard.
_BLANK = (
    "\u180b\u180c\u180d\u180f\u034f\u115f\u1160\u17b4\u17b5"
    "\u2800\U0001d159\U00016fe4\u3164\uffa0\u00a0\u2007\u202f"
)


def _spelled(character: str) -> str | None:
    """Return the spelling of a character that would hide, reorder or break text; else None."""
    if character == "\n":
        return "⏎"
    category = unicodedata.category(character)
    if (
        category in {"Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp"}
        or (category == "Zs" and character != " ")
        or character in _BLANK
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    ):
        return f"⟨U+{ord(character):04X}⟩"
    return None


def visible(value: object) -> str:
    """Return a value as text in which nothing is hidden: for terminals, logs and messages."""
    return "".join(_spelled(character) or character for character in str(value))


def escape(value: object) -> str:
    """Return a value as HTML text in which nothing is markup and nothing is hidden."""
    parts = []
    for character in str(value):
        spelled = _spelled(character)
        parts.append(
            html.escape(character, quote=True)
            if spelled is None
            else f'<span class="ct-hidden">{spelled}</span>'
        )
    return "".join(parts)


def attribute(value: object) -> str:
    """Return a value for use inside a quoted HTML attribute."""
    return html.escape(visible(value), quote=True)


def named(name: str) -> str:
    """Return a contact's name in HTML; one written right to left leaves its neighbours in place."""
    return f"<bdi>{escape(name or '(no name)')}</bdi>"


# -- small words ----------------------------------------------------------------------------


def count(n: int, singular: str, plural: str | None = None) -> str:
    """Return "1 contact", "1,204 contacts"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def _contacts(told: Iterable[Sequence[object]]) -> str:
    """Return how many contacts there are in rows that begin with the contact."""
    return count(len({row[0] for row in told}), "contact")


def duration(seconds: float) -> str:
    """Return a stretch of time as a person would say it."""
    if seconds < 1:
        return "under a second"
    if seconds < 90:
        return f"about {round(seconds)} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f} hours"


# -- differences within a text --------------------------------------------------------------


def _pieces(before: str, after: str) -> list[tuple[str, str, str]] | None:
    """Return ("=" | "~", old, new) pieces of two alike texts; None when they are not alike."""
    if len(before) > _LONGEST or len(after) > _LONGEST:
        return None
    old, new = (re.findall(r"\w+|\s+|[^\w\s]", text) for text in (before, after))
    head, tail = _shared(old, new)
    one, other = old[head : len(old) - tail], new[head : len(new) - tail]
    edits: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, len(one), 0, len(other))]
    if len(one) * len(other) <= _COMPARED:
        edits = difflib.SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes()
    alike = head + tail + sum(b - a for tag, a, b, _, _ in edits if tag == "equal")
    if 2 * alike < _ALIKE * (len(old) + len(new)):
        return None
    pieces = [
        ("=" if tag == "equal" else "~", "".join(one[a:b]), "".join(other[c:d]))
        for tag, a, b, c, d in edits
    ]
    begin, end = "".join(old[:head]), "".join(old[len(old) - tail :])
    around = [("=", begin, begin)] if begin else [], [("=", end, end)] if end else []
    return [*around[0], *pieces, *around[1]]


def _shared(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many pieces two texts share at their beginning, and then at their end."""
    shortest = min(len(old), len(new))
    head = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    left = shortest - head
    return head, next((n for n in range(left) if old[-1 - n] != new[-1 - n]), left)


def _quiet(text: str, *, first: bool, last: bool) -> str:
    """Shorten an unchanged stretch to what stands beside the changes."""
    head, tail = (0 if first else _CONTEXT), (0 if last else _CONTEXT)
    if len(text) <= head + tail + 2 * _CONTEXT:
        return text
    return f"{text[:head]} … {text[len(text) - tail :]}"


def _change_html(row: Row) -> str:
    old, new = _marked("del", row.before), _marked("ins", row.after)
    texts = isinstance(row.before, str) and isinstance(row.after, str)
    if texts and row.field not in _WHOLE:
        pieces = _pieces(row.before, row.after)
        if pieces is not None:
            end = len(pieces) - 1
            return "".join(
                escape(_quiet(a, first=n == 0, last=n == end))
                if mark == "="
                else _marked("del", a or None) + _marked("ins", b or None)
                for n, (mark, a, b) in enumerate(pieces)
            )
    return f"{old}{' → ' if old and new else ''}{new}"


def _marked(tag: str, value: object) -> str:
    """Return what was taken away or put in; a space at its edge, easily missed, as a sign."""
    if value is None:
        return ""
    text = str(value)
    core = text.strip(" ")
    edges = text.split(core, 1) if core else (text, "")
    signs = [f'<span class="ct-hidden">{"␣" * len(edge)}</span>' if edge else "" for edge in edges]
    return f"<{tag}>{signs[0]}{escape(core)}{signs[1]}</{tag}>"


def _change_text(row: Row) -> str:
    old, new = (edged(visible(each)) for each in (row.before, row.after))
    if row.before is None:
        return new
    return f"{old} → {'(nothing)' if row.after is None else new}"


def edged(text: str) -> str:
    """Return a text in quotes where spaces at its edges, or doubled ones, would not be seen."""
    return f"“{text}”" if text != text.strip() or "  " in text else text


# -- plans ----------------------------------------------------------------------------------


def plan_headline(view: PlanView) -> str:
    """Return what a plan amounts to, in one line."""
    edits = sum(view.kinds.values())
    kinds = ", ".join(f"{view.kinds[kind]:,} {kind}" for kind in KINDS if view.kinds[kind])
    contacts = count(len({card[0] for card in view.cards}), "contact")
    if len({card[0] for card in view.cards}) < len(view.cards):
        contacts += f" in {count(len(view.cards), 'update')}"
    back = (
        f"takes back changes of plan {visible(view.takes_back[:12])}: " if view.takes_back else ""
    )
    return f"{back}{contacts}, {count(edits, 'edit')}{f' ({kinds})' if kinds else ''}"


def _fields_line(view: PlanView) -> str:
    return ", ".join(f"{visible(label(name))} {n:,}" for name, n in view.by_field.most_common())


def _time_line(view: PlanView) -> str:
    return f"{view.duration} at {view.pace} requests a minute"


def plan_text(view: PlanView) -> str:
    """Return a plan as plain text, for terminals."""
    site = visible(view.site_id[:8])
    lines = [f"Plan {view.id[:12]} for site {site}  {plan_headline(view)}"]
    if view.cards:
        lines += [f"  fields: {_fields_line(view)}", f"  takes:  {_time_line(view)}"]
    for title, each in view.risks.items():
        lines += [f"  ! {title} ({_contacts(each)})"]
        lines += [f"      {visible(who)}: {visible(text)}" for who, text in each[:_EXAMPLES]]
        if len(each) > _EXAMPLES:
            lines.append(f"      … and {len(each) - _EXAMPLES:,} more: plan.risks")
    lines += [f"  ! {visible(note)}" for note in view.notes]
    for contact_id, name, stands, rows in view.cards[:TEXT_CARDS]:
        lines.append(
            f"\n  {visible(name or '(no name)')}  {visible(contact_id)}  {visible(stands)}"
        )
        lines += [
            f"    {row.kind:<13} {visible(label(row.field)):<14} {_change_text(row)}"
            + (f"  ({visible(row.why)})" if row.why else "")
            for row in rows
        ]
    if len(view.cards) > TEXT_CARDS:
        lines.append(f"\n  … and {len(view.cards) - TEXT_CARDS:,} more contacts: plan.to_frame()")
    if view.refused:
        lines.append(f"\n  Not planned ({_contacts(view.refused)}):")
        lines += [
            f"    {visible(contact_id)}  {visible(field or '')}  {visible(reason)}"
            for contact_id, field, reason in view.refused[:TEXT_CARDS]
        ]
    if view.cards:
        lines.append(f'\nTo write this plan: site.commit(…, approve="{view.id[:12]}")')
    return "\n".join(lines)


def plan_html(view: PlanView) -> str:
    """Return a plan as self-contained HTML without any script."""
    return f"{plan_top(view)}{_cards(view)}{plan_end(view)}</div>"


def plan_top(view: PlanView) -> str:
    """Return what stands above the cards of a plan; the element around all is left open."""
    parts = [
        STYLE,
        f'<div class="ct-plan" role="region" aria-label="Plan {view.id[:12]}">',
        (
            f"<p class='ct-head'><strong>Plan <code>{view.id[:12]}</code></strong> · "
            f"{escape(plan_headline(view))}</p>"
        ),
    ]
    if view.cards:
        parts.append(
            f"<p class='ct-sub'>Fields: {escape(_fields_line(view))}. "
            f"Takes {escape(_time_line(view))}. "
            f"Contacts of site {escape(view.site_id)} as of "
            f"{view.snapshot_at:%Y-%m-%d %H:%M} UTC.</p>"
        )
    return "".join([*parts, *_risk_html(view)])


def _cards(view: PlanView) -> str:
    if not view.cards:
        return "<p class='ct-sub'>Nothing to write.</p>"
    parts = _filters(f"ct-{view.id[:12]}-{next(_numbers)}", view)
    parts += [card_html(card) for card in view.cards[:CARDS]]
    if (more := len(view.cards) - CARDS) > 0:
        parts.append(
            f"<p class='ct-sub'>… and {more:,} more contacts, not shown here: "
            "<code>plan.to_frame()</code> has them all.</p>"
        )
    return "".join(parts)


def plan_end(view: PlanView) -> str:
    """Return what stands below the cards of a plan."""
    parts = []
    if view.refused:
        parts.append(
            "<details class='ct-card ct-warn' open><summary><strong>Not planned</strong>: "
            f"{_contacts(view.refused)} that cannot be written as staged"
            "</summary><ul>"
        )
        parts += [
            f"<li><code>{escape(contact_id)}</code> {escape(label(field or ''))}: "
            f"{escape(reason)}</li>"
            for contact_id, field, reason in view.refused[:CARDS]
        ]
        parts.append("</ul></details>")
    if view.cards:
        parts.append(
            "<p class='ct-sub'>To write this plan: "
            f'<code>site.commit(…, approve="{view.id[:12]}")</code></p>'
        )
    return "".join(parts)


def _risk_html(view: PlanView) -> list[str]:
    parts = []
    names = {card[0]: card[1] for card in view.cards}
    for title, each in view.risks.items():
        told = "".join(
            f"<li>{named(names[who]) if who in names else ''} <code>{escape(who)}</code>: "
            f"{escape(text)}</li>"
            for who, text in each[:CARDS]
        )
        parts.append(
            f"<details class='ct-card ct-warn'><summary><strong>Look</strong>: {escape(title)} "
            f"({_contacts(each)})</summary><ul>{told}</ul></details>"
        )
    parts += [
        f"<p class='ct-note'><strong>Note</strong>: {escape(note)}</p>" for note in view.notes
    ]
    return parts


def _filters(group: str, view: PlanView) -> list[str]:
    chips: list[tuple[str, int]] = [("all", sum(view.kinds.values()))]
    chips += [(kind, view.kinds[kind]) for kind in KINDS if view.kinds[kind]]
    parts = ["<p class='ct-chips' role='group' aria-label='Show'>"]
    for kind, n in chips:
        checked = " checked" if kind == "all" else ""
        parts.append(
            f"<label><input type='radio' name='{group}' value='{_slug(kind)}'{checked}> "
            f"{kind} {n:,}</label> "
        )
    parts.append("</p>")
    return parts


def _slug(kind: str) -> str:
    return kind.replace(" ", "-")


def card_html(card: Card) -> str:
    """Return one contact of a plan as a card."""
    contact_id, name, stands, rows = card
    kinds = " ".join(sorted({f"ct-has-{_slug(row.kind)}" for row in rows}))
    body = "".join(
        f"<tr class='ct-row ct-is-{_slug(row.kind)}'>"
        f"<td><span class='ct-kind'>{row.kind}</span></td>"
        f"<td title='{attribute(row.field)}'>{escape(label(row.field))}</td>"
        f"<td>{_change_html(row)}{_reason_html(row)}</td></tr>"
        for row in rows
    )
    return (
        f"<details class='ct-card {kinds}' open><summary><strong>{named(name)}"
        f"</strong> · <code>{escape(contact_id)}</code> · {escape(stands)} · "
        f"{count(len(rows), 'edit')}</summary>"
        f"<table><tbody>{body}</tbody></table></details>"
    )


def _reason_html(row: Row) -> str:
    if not row.why:
        return ""
    come = [row.provenance.rule, row.provenance.who, row.provenance.when]
    told = attribute(" · ".join(each for each in come if each))
    return f" <span class='ct-why' title='{told}'>· {escape(row.why)}</span>"


def table_html(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a small table of escaped cells in the same dress."""
    heads = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"{STYLE}<div class='ct-plan'><div class='ct-card'><table><thead><tr>{heads}</tr>"
        f"</thead><tbody>{body}</tbody></table></div></div>"
    )


_SHOW = "".join(
    f".ct-plan:has(input[value={_slug(kind)}]:checked) .ct-row:not(.ct-is-{_slug(kind)}),"
    f".ct-plan:has(input[value={_slug(kind)}]:checked) details[class*=ct-has-]"
    f":not(.ct-has-{_slug(kind)}){{display:none}}"
    for kind in KINDS
)
STYLE = f"""<style>
.ct-plan{{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.45;
color:var(--jp-ui-font-color1,#212121);max-width:60rem;container-type:inline-size}}
.ct-plan p{{margin:.3em 0}}
.ct-plan .ct-head{{font-size:14px}}
.ct-plan .ct-sub,.ct-plan .ct-why{{color:var(--jp-ui-font-color2,#555)}}
.ct-plan.ct-plan code{{font-family:var(--jp-code-font-family,monospace);font-size:12px;
background:none;color:inherit;padding:0}}
.ct-plan .ct-card{{border:1px solid var(--jp-border-color2,#ddd);border-radius:4px;margin:.4em 0;
padding:.35em .6em}}
.ct-plan .ct-warn,.ct-plan .ct-note{{border-left:4px solid var(--jp-warn-color1,#b35c00)}}
.ct-plan .ct-note{{padding-left:.6em}}
.ct-plan summary{{cursor:pointer}}
.ct-plan table{{border-collapse:collapse;margin:.3em 0;width:100%;table-layout:auto;border:0;
font-size:inherit}}
.ct-plan .ct-card tbody tr:nth-child(n),.ct-plan .ct-card tbody tr:hover{{background:none}}
.ct-plan .ct-card td,.ct-plan .ct-card th{{text-align:left;vertical-align:top;
padding:.15em .7em .15em 0;border:0;white-space:normal;max-width:none}}
.ct-plan .ct-card td:nth-child(1){{width:7.5em;white-space:nowrap}}
.ct-plan .ct-card td:nth-child(2){{width:11em;overflow-wrap:anywhere}}
.ct-plan .ct-card td:nth-child(3){{overflow-wrap:anywhere}}
.ct-plan .ct-kind{{border:1px solid var(--jp-border-color1,#bbb);border-radius:3px;padding:0 .4em;
font-size:12px}}
.ct-plan del{{background:rgba(214,48,49,.16);text-decoration:line-through;color:inherit}}
.ct-plan ins{{background:rgba(39,150,80,.2);text-decoration:none;font-weight:600;color:inherit}}
.ct-plan del,.ct-plan ins{{white-space:pre-wrap;unicode-bidi:isolate}}
.ct-plan .ct-hidden{{border:1px dotted currentColor;border-radius:2px;font-size:11px;padding:0 1px}}
.ct-plan .ct-chips label{{margin-right:.8em;cursor:pointer}}
{_SHOW}
@container (max-width:34rem){{
.ct-plan .ct-card tr.ct-row{{display:grid;grid-template-columns:auto 1fr}}
.ct-plan .ct-card tr.ct-row>td:nth-child(n){{width:auto}}
.ct-plan .ct-card tr.ct-row>td:nth-child(3){{grid-column:1/-1;padding-left:.6em}}
}}
</style>"""
