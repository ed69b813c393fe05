"""Shown: plans and reports of merges as people read them, in HTML and in text. Pure.

Everything that comes from a contact is escaped. A page for others holds no value of a contact
unless that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contacttools.committing.report import plain
from contacttools.contact.fields import Json, label
from contacttools.merging import forecast
from contacttools.merging.forecast import Fate
from contacttools.merging.group import Merge
from contacttools.planning import pages
from contacttools.planning.change import Refusal
from contacttools.planning.pages import HIDDEN, initials
from contacttools.planning.render import STYLE, count, escape, named, visible
from contacttools.staging.stage import called

CARDS = 50  # groups; the rest is said to exist and is in to_frame()
TEXT_CARDS = 10
COLUMNS = 8  # members side by side
_LONGEST = 300  # characters of one value

FOR_GOOD = (
    "A merge overwrites nothing of the contact that stays, and cannot be taken back: no call and "
    "no plan takes the contacts apart again."
)
_EVENTS = "Each merge fires the site's events and automations, and deletes its sources."

_LOOK = f"""{STYLE}<style>
.ct-plan.ct-merge{{max-width:none}}
.ct-merge .ct-wide{{overflow-x:auto}}
.ct-plan.ct-merge .ct-card tbody td:nth-child(n),.ct-plan.ct-merge .ct-card th{{width:auto;
white-space:normal;min-width:8em;max-width:22em;overflow-wrap:anywhere;vertical-align:top}}
.ct-plan.ct-merge .ct-card th{{border-bottom:1px solid var(--jp-border-color1,#bbb)}}
.ct-merge .ct-stays{{border-left:3px solid var(--jp-brand-color1,#1976d2);padding-left:.5em}}
</style>"""


@dataclass(frozen=True, slots=True)
class MergeView:
    """What there is to say about a plan of merges."""

    id: str
    site_id: str
    snapshot_at: datetime
    merges: Sequence[Merge]
    refused: Sequence[Refusal]
    people: int
    duration: str


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of a merge and how it ended."""

    group: str
    contact_id: str
    name: str
    what: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """What there is to say about merges that were carried out."""

    plan_id: str
    site: str
    lines: Sequence[StepLine]
    counts: str
    note: str
    unfinished: bool


def _headline(view: MergeView) -> str:
    become = f"{count(view.people, 'contact')} become {len(view.merges):,}"
    return f"{count(len(view.merges), 'group')}: {become}" if view.merges else "nothing to merge"


def _approve(view: MergeView) -> str:
    return f'site.merge(…, approve="{view.id[:12]}")'


# -- plans in text --------------------------------------------------------------------------


def text(view: MergeView) -> str:
    """Return a plan of merges as plain text, for terminals."""
    lines = [f"Merges {view.id[:12]} for site {visible(view.site_id[:8])}  {_headline(view)}"]
    if view.merges:
        lines += [f"  takes:  {view.duration}", f"  ! {FOR_GOOD}", f"  ! {_EVENTS}"]
    for each in view.merges[:TEXT_CARDS]:
        lines += _card_text(each)
    if (more := len(view.merges) - TEXT_CARDS) > 0:
        lines.append(f"\n  … and {more:,} more groups: merges.to_frame()")
    if view.refused:
        lines.append(f"\n  Not planned ({count(len(view.refused), 'group')}):")
        lines += [f"    {visible(each.reason)}" for each in view.refused[:TEXT_CARDS]]
    if view.merges:
        lines.append(f"\nTo merge them for good: {_approve(view)}")
    return "\n".join(lines)


def _card_text(each: Merge) -> list[str]:
    who = visible(called(each.target) or "(no name)")
    stays = f"{visible(each.target_id)} stays ({visible(each.chosen)})"
    lines = [f"\n  Group {visible(each.group)}: {who}  {stays}"]
    lines += [
        f"    becomes part of it: {visible(called(source) or '(no name)')}  {visible(source['id'])}"
        for source in each.sources
    ]
    lines += [f"    ! {visible(look)}" for look in each.looks]
    for fate in each.fates:
        lost = "; lost: " + " + ".join(_said(fate, value) for _, value in fate.lost)
        lines.append(
            f"    {visible(label(fate.field)):<14} {visible(_said(fate, fate.value))}  "
            f"({fate.reason}{visible(lost) if fate.lost else ''})"
        )
    return lines


def _said(fate: Fate, value: Json) -> str:
    told = "(nothing)" if value is None else str(plain(fate.field, value))
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"


# -- plans in HTML --------------------------------------------------------------------------


def html(view: MergeView, *, hide: bool = False) -> str:
    """Return a plan of merges as self-contained HTML without any script."""
    parts = [
        _LOOK,
        f'<div class="ct-plan ct-merge" role="region" aria-label="Merges {view.id[:12]}">',
        (
            f"<p class='ct-head'><strong>Merges <code>{view.id[:12]}</code></strong> · "
            f"{escape(_headline(view))}</p>"
        ),
    ]
    if view.merges:
        parts.append(
            f"<p class='ct-sub'>Takes {escape(view.duration)}. Contacts of site "
            f"{escape(view.site_id)} as of {view.snapshot_at:%Y-%m-%d %H:%M} UTC.</p>"
            f"<p class='ct-note'><strong>For good</strong>: {FOR_GOOD} {_EVENTS}</p>"
        )
    parts += [_card(each, hide=hide) for each in view.merges[:CARDS]]
    if (more := len(view.merges) - CARDS) > 0:
        parts.append(
            f"<p class='ct-sub'>… and {more:,} more groups, not shown here: "
            "<code>merges.to_frame()</code> has them all.</p>"
        )
    if view.refused:
        told = "".join(f"<li>{escape(each.reason)}</li>" for each in view.refused[:CARDS])
        parts.append(
            "<details class='ct-card ct-warn' open><summary><strong>Not planned</strong>: "
            f"{count(len(view.refused), 'group')}</summary><ul>{told}</ul></details>"
        )
    if view.merges:
        told = escape(_approve(view))
        parts.append(f"<p class='ct-sub'>To merge them for good: <code>{told}</code></p>")
    return "".join([*parts, "</div>"])


def page(view: MergeView, *, reveal: bool) -> str:
    """Return a plan of merges as a page of its own."""
    hidden = (
        "<div class='ct-plan'><p class='ct-sub'>Values are left out and names shortened: "
        "<code>merges.to_html(path, reveal=True)</code> shows them.</p></div>"
    )
    body = html(view, hide=not reveal) + ("" if reveal else hidden)
    return pages.page(f"Merges {view.id[:12]}", body)


def _card(each: Merge, *, hide: bool) -> str:
    shown = list(each.members.values())[:COLUMNS]
    names = [called(document) for document in shown]
    heads = "".join(
        f"<th scope='col'{' class=ct-stays' if n == 0 else ''}>"
        f"{named(initials(name) if hide else name)}<br><code>{escape(document['id'])}</code><br>"
        f"<span class='ct-kind'>{'stays' if n == 0 else 'becomes part of it'}</span></th>"
        for n, (name, document) in enumerate(zip(names, shown, strict=True))
    )
    rows = "".join(_row(each, fate, shown, hide=hide) for fate in each.fates)
    rows += _consent(shown, hide=hide)
    looks = "".join(
        f"<li>{escape(look.partition(':')[0] if hide else look)}</li>" for look in each.looks
    )
    more = len(each.members) - len(shown)
    why = "" if hide or not each.why else f" Found by: {escape(each.why)}."
    update = "" if each.update is None else " The values kept by choice are written to it first."
    return (
        f"<details class='ct-card' open><summary><strong>Group {escape(each.group)}</strong> · "
        f"{named(initials(names[0]) if hide else names[0])} stays: {escape(each.chosen)} · "
        f"{count(len(each.sources), 'source')}, {count(len(each.steps), 'step')}</summary>"
        f"<p class='ct-sub'>{why}{update}</p>"
        + (f"<ul>{looks}</ul>" if looks else "")
        + f"<div class='ct-wide'><table><thead><tr><th scope='col'>Field</th>{heads}"
        f"<th scope='col'>Afterwards</th></tr></thead><tbody>{rows}"
        f"</tbody></table></div>"
        + (f"<p class='ct-sub'>… and {more:,} more sources.</p>" if more > 0 else "")
        + "</details>"
    )


def _row(each: Merge, fate: Fate, shown: Sequence[Json], *, hide: bool) -> str:
    listed = isinstance(fate.value, tuple)
    lost: dict[str, Json] = {}
    for contact_id, value in fate.lost:
        lost[contact_id] = (*lost.get(contact_id, ()), *value) if listed else value
    cells = []
    for document in shown:
        value = each.values[document["id"]].get(fate.field)
        told = "" if value is None else HIDDEN if hide else escape(_said(fate, value))
        if value is None:
            cells.append("<td></td>")
        elif not listed and document["id"] == fate.winner:
            cells.append(f"<td><ins>✓ {told}</ins></td>")
        elif document["id"] in lost and not listed:
            cells.append(f"<td><del>{told}</del> <span class='ct-kind'>lost</span></td>")
        elif document["id"] in lost:
            gone = lost[document["id"]]
            rest = tuple(item for item in value if item not in gone)
            left = "" if not rest else HIDDEN if hide else escape(_said(fate, rest))
            gone = HIDDEN if hide else escape(_said(fate, gone))
            cells.append(f"<td>{left} <del>{gone}</del> <span class='ct-kind'>lost</span></td>")
        else:
            cells.append(f"<td>{told}</td>")
    result = HIDDEN if hide else escape(_said(fate, fate.value))
    return (
        f"<tr><td>{escape(label(fate.field))}</td>{''.join(cells)}<td>{result}"
        f" <span class='ct-why'>· {escape(fate.reason)}</span></td></tr>"
    )


def _consent(shown: Sequence[Json], *, hide: bool) -> str:
    """Return a row for each status that is not the same for all."""
    held = [forecast.consent(document) for document in shown]
    rows = []
    for name in dict.fromkeys(key for status in held for key in status):
        told = [status.get(name, "none") for status in held]
        if len(set(told)) > 1:
            cells = "".join(f"<td>{HIDDEN if hide else escape(one)}</td>" for one in told)
            rows.append(
                f"<tr><td>{name}</td>{cells}<td><span class='ct-kind'>differs</span></td></tr>"
            )
    return "".join(rows)


# -- reports --------------------------------------------------------------------------------


def _head(view: ReportView) -> str:
    return f"Merges {view.plan_id[:12]} on {visible(view.site)}: {view.counts or 'nothing to do'}"


def report_text(view: ReportView) -> str:
    """Return how merges ended as plain text."""
    lines = [_head(view)]
    lines += [f"  ! {visible(view.note)}"] if view.note else []
    lines += [
        f"  group {visible(each.group)}  {visible(each.name or '(no name)')}  "
        f"{visible(each.contact_id)}  {each.what}: {each.outcome}"
        + (f": {visible(each.detail)}" if each.detail else "")
        for each in view.lines[:CARDS]
    ]
    if (more := len(view.lines) - CARDS) > 0:
        lines.append(f"  … and {more:,} more: report.to_frame()")
    if view.unfinished:
        lines.append(f'  To go on: site.resume("{view.plan_id[:12]}") in any notebook')
    return "\n".join(lines)


def report_html(view: ReportView) -> str:
    """Return how merges ended as HTML."""
    rows = "".join(
        f"<tr><td>{escape(each.group)}</td><td>{named(each.name)} <code>"
        f"{escape(each.contact_id)}</code></td><td>{escape(each.what)}: "
        f"<span class='ct-kind'>{escape(each.outcome)}</span> {escape(each.detail)}</td></tr>"
        for each in view.lines[:CARDS]
    )
    note = f"<p class='ct-note'><strong>Note</strong>: {escape(view.note)}</p>" if view.note else ""
    more = len(view.lines) - CARDS
    left = f"<p class='ct-sub'>… and {more:,} more: report.to_frame()</p>" if more > 0 else ""
    again = (
        f"<p class='ct-sub'>To go on: <code>site.resume(\"{view.plan_id[:12]}\")</code></p>"
        if view.unfinished
        else ""
    )
    return (
        f"{_LOOK}<div class='ct-plan ct-merge'><p class='ct-head'><strong>{escape(_head(view))}"
        f"</strong></p>{note}<div class='ct-card'><table><thead><tr><th scope='col'>Group</th>"
        f"<th scope='col'>Target</th><th scope='col'>Step</th></tr></thead><tbody>{rows}</tbody>"
        f"</table></div>{left}{again}</div>"
    )
