"""Pages: a plan made for others to read: a page of its own, or Markdown for a review. Pure.

They hold no value of a contact unless that is asked for: names are initials, and of an edit one
sees the contact's id, the field, the kind, and the reason that a person gave for it; or the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contacttools.contact.fields import label
from contacttools.planning import render
from contacttools.planning.render import CARDS, PlanView, Row, visible

HIDDEN = "•••"
_CSP = "default-src 'none'; style-src 'unsafe-inline'"
_LOOK = """<style>body{margin:1.5rem auto;max-width:62rem;padding:0 1rem}
h1{font:600 20px/1.3 system-ui,sans-serif}</style>"""
_SPECIAL = r"\`*_{}[]()<>#+-.!|~"


def masked(view: PlanView) -> PlanView:
    """Return a plan without any value of a contact."""
    return replace(
        view,
        cards=[
            (contact_id, initials(name), stands, [_masked(row) for row in rows])
            for contact_id, name, stands, rows in view.cards
        ],
        risks={title: [(who, HIDDEN) for who, _ in each] for title, each in view.risks.items()},
        refused=[(contact_id, field, HIDDEN) for contact_id, field, _ in view.refused],
    )


def _masked(row: Row) -> Row:
    before, after = (None if each is None else HIDDEN for each in (row.before, row.after))
    item = row.item_id if row.field == "labelKeys" else None
    come = row.provenance
    name = come.rule.partition(".")[2]
    if name and come.reason.startswith(f"{name}: "):  # of an audit or a cluster, and then a value
        come = replace(come, reason=name)
    return replace(row, before=before, after=after, item_id=item, provenance=come)


def initials(name: str) -> str:
    """Return what is left of a name where nobody is to be named."""
    return " ".join(f"{word[0].upper()}." for word in name.split())


def page(title: str, body: str) -> str:
    """Return a page of its own, which asks nothing of any server."""
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_CSP}">'
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title>{_LOOK}</head><body><main><h1>{title}</h1>"
        f"{body}</main></body></html>\n"
    )


def plan_page(view: PlanView, *, reveal: bool) -> str:
    """Return a plan as a page of its own."""
    hidden = (
        "<div class='ct-plan'><p class='ct-sub'>Values are left out and names shortened: "
        "<code>plan.to_html(path, reveal=True)</code> shows them.</p></div>"
    )
    shown = view if reveal else masked(view)
    return page(f"Plan {view.id[:12]}", render.plan_html(shown) + ("" if reveal else hidden))


def plan_markdown(view: PlanView, *, reveal: bool) -> str:
    """Return a plan as Markdown, as a request for a review takes it."""
    shown = view if reveal else masked(view)
    headline = render.plan_headline(view)
    lines = [
        f"## Plan `{view.id[:12]}`",
        "",
        (
            f"{headline[0].upper()}{headline[1:]}. Takes {view.duration} at {view.pace} requests a "
            f"minute. Site `{_code(view.site_id)}`, contacts as of "
            f"{view.snapshot_at:%Y-%m-%d %H:%M} UTC."
        ),
        "",
        f"Full id: `{view.id}`",
        "",
    ]
    for title, each in shown.risks.items():
        lines.append(f"- **Look**: {_text(title)} ({len({who for who, _ in each}):,})")
    lines += [f"- **Note**: {_text(note)}" for note in shown.notes]
    lines += ["", *_table(shown), ""] if shown.cards else ["", "Nothing to write.", ""]
    if shown.refused:
        lines += ["### Not planned", ""]
        lines += [
            f"- `{_code(who)}` {_text(label(field or ''))} {_text(why)}"
            for who, field, why in shown.refused[:CARDS]
        ]
        lines.append("")
    if not reveal:
        lines += ["Values are left out and names shortened.", ""]
    return "\n".join(lines)


def _table(view: PlanView) -> list[str]:
    lines = [
        "| Contact | Revision | Field | Kind | Before | After | Reason |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for contact_id, name, stands, rows in view.cards[:CARDS]:
        for row in rows:
            cells = [
                f"{_text(name or '(no name)')} `{_code(contact_id)}`",
                _text(stands),
                _text(label(row.field)),
                row.kind,
                *(_text("" if each is None else each) for each in (row.before, row.after)),
                _text(row.why),
            ]
            lines.append(_line(cells))
    if (more := len(view.cards) - CARDS) > 0:
        lines += ["", f"… and {more:,} more contacts: `plan.to_frame()` has them all."]
    return lines


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(value: object) -> str:
    """Return a value as Markdown in which nothing is markup, and nothing hidden, on one line."""
    return "".join(f"\\{each}" if each in _SPECIAL else each for each in visible(value))


def _code(value: object) -> str:
    """Return a value for use between backquotes."""
    return visible(value).replace("`", "'").replace("|", "¦")
