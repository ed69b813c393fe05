"""Shown: how a commit ended, as people read it, in HTML and in plain text. Pure.

What a reader in a hurry needs is the first line: what is done, what is not, what to look at.
Everything that comes from a contact is made safe by `render` on its way out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from contacttools.committing import threeway
from contacttools.committing.threeway import Sides, three_way_html
from contacttools.planning import pages
from contacttools.planning.render import (
    CARDS,
    STYLE,
    TEXT_CARDS,
    count,
    escape,
    named,
    visible,
)

SURPRISE = "surprise"  # no outcomes of their own: applied, and worth a look;
PART = "in part"  # and not sent, while another update of the same contact was written

#: What each outcome means, in the order to look at them.
OUTCOMES = {
    "conflict": "somebody else changed it meanwhile; theirs stands",
    "conflict_maybe_applied": "somebody else changed it, perhaps after ours was written",
    "unknown": "sent, and it could not be settled whether it was written",
    PART: "one of the contact's two updates is written, this one is not",
    "gone": "deleted, or merged into another contact",
    "refused": "the service refused it",
    SURPRISE: "written, and something changed with it that the preview did not show",
    "not_sent": "never sent",
    "already": "holds the wanted values, perhaps not by our hand",
    "applied": "written",
}
LOOK = ("conflict", "conflict_maybe_applied", "unknown", PART, "gone", "refused", SURPRISE)

_CARRY_OVER = "<code>stage.rebase(site.fetch())</code> sets your edits beside theirs; plan again"
_ADVICE = {
    "conflict": f"{_CARRY_OVER}.",
    "conflict_maybe_applied": f"Look at the contact; {_CARRY_OVER}.",
    "unknown": "Commit the plan again: it looks once more, and sends nothing twice.",
    PART: "Commit the plan again soon: until then the contact is in between.",
    "gone": "Fetch again.",
    "refused": "Correct it, and plan again.",
    SURPRISE: "See whether you want to keep it.",
    "not_sent": "Commit the plan again to send it.",
}
_SIGNS = {"unknown": "?", "conflict_maybe_applied": "?", "not_sent": "–", "already": "=",
          "applied": "✓"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """How one update ended."""

    contact_id: str
    name: str
    word: str
    code: str = ""
    detail: str = ""
    rest: str = ""  # of the detail, what is not said by the values beside it
    step: str = ""
    revisions: tuple[int | None, int | None] = (None, None)
    differences: Sequence[Sides] = ()
    surprises: Sequence[Sides] = ()


@dataclass(frozen=True)
class ReportView:
    """What there is to say about a commit."""

    plan_id: str
    site: str
    lines: Sequence[Line]
    note: str
    unfinished: bool  # a run may take up what is left

    @cached_property
    def by_word(self) -> dict[str, list[Line]]:
        """The lines by outcome, those to look at first."""
        found: dict[str, list[Line]] = {word: [] for word in OUTCOMES}
        for line in self.lines:
            found[line.word].append(line)
        return {word: lines for word, lines in found.items() if lines}

    @cached_property
    def contacts(self) -> dict[str, int]:
        """How many contacts are in which outcome; one of two updates may be in two."""
        return {word: _contacts(lines) for word, lines in self.by_word.items()}

    @cached_property
    def look(self) -> int:
        """How many contacts somebody has to look at."""
        return _contacts(line for word in LOOK for line in self.by_word.get(word, ()))


def _contacts(lines: Iterable[Line]) -> int:
    return len({line.contact_id for line in lines})


# -- the first line -------------------------------------------------------------------------


def report_headline(view: ReportView) -> str:
    """Return how a commit ended: what is done, what is not, and what to look at."""
    words = ", ".join(f"{n:,} {word}" for word, n in view.contacts.items() if word in LOOK)
    told = list(_sentences(view))
    return " ".join(told) if not words else f"{' '.join(told)[:-1]}: {words}."


def _sentences(view: ReportView) -> Iterator[str]:
    """Yield what is done, what is not if there is any, and last how many to look at."""
    if not view.lines:
        yield "Nothing to write."
        return
    ended: dict[str, set[str]] = {}
    for line in view.lines:
        ended.setdefault(line.contact_id, set()).add(line.word)
    ways = Counter(_way(words) for words in ended.values())
    yield f"{ways['written']:,} of {count(len(ended), 'contact')} written."
    rest = ", ".join(
        words.format(n=f"{ways[way]:,}", was="was" if ways[way] == 1 else "were")
        for way, words in _WAYS.items()
        if ways[way]
    )
    if rest:
        yield f"{rest[0].upper()}{rest[1:]}."
    yield f"Look at {count(view.look, 'contact')}." if view.look else "Nothing needs a look."


_WAYS = {
    "not": "{n} {was} not written",
    "part": "{n} {was} written in part",
    "already": "{n} held the wanted values already",
    "doubt": "{n} may have been written",
}


def _way(words: set[str]) -> str:
    """Return how all the updates of one contact ended, taken together."""
    if words <= {"applied", SURPRISE}:
        return "written"
    if words <= {"applied", SURPRISE, "already"}:
        return "already"
    if words & {"unknown", "conflict_maybe_applied"}:
        return "doubt"
    return "part" if words & {"applied", SURPRISE, PART} else "not"


def _notes(view: ReportView, *, hide: bool = False) -> Iterator[str]:
    """Yield why the run stopped and how to go on, in HTML."""
    if view.note:
        yield "why it stopped is left out here." if hide else escape(view.note)
    if view.unfinished:
        resume = f'<code>site.resume("{view.plan_id[:12]}")</code>'
        yield (
            f"To go on with what is left: {resume} in any notebook, or commit the plan again. "
            "Nothing that was written is sent again."
        )


# -- in a terminal --------------------------------------------------------------------------


def report_text(view: ReportView) -> str:
    """Return a report as plain text, for terminals."""
    lines = [f"Report on plan {view.plan_id[:12]}  {report_headline(view)}"]
    if view.site.startswith("LIVE"):
        lines.append(f"  {visible(view.site)}")
    if view.note:
        lines.append(f"  ! {visible(view.note)}")
    if view.unfinished:
        lines.append(
            f'  To go on with what is left: site.resume("{view.plan_id[:12]}") in any notebook, '
            "or commit the plan again."
        )
    rows = [line for word, each in view.by_word.items() if word != "applied" for line in each]
    for line in rows[:TEXT_CARDS]:
        who = f"{visible(line.name or '(no name)')}  {visible(line.contact_id)}"
        lines.append(f"  {line.word:<10} {who}")
        told = f"{line.step}: " if line.step else ""
        told += " ".join(filter(None, (line.code, line.detail)))
        lines.append(f"             {visible(told or OUTCOMES[line.word])}")
    if (more := len(rows) - TEXT_CARDS) > 0:
        lines.append(f"  … and {more:,} more: report.to_frame()")
    return "\n".join(lines)


# -- in a browser ---------------------------------------------------------------------------


def report_html(view: ReportView, *, hide: bool = False) -> str:
    """Return a report as self-contained HTML without any script.

    With `hide`, names are initials, and no value of a contact is in it.
    """
    plan_id, (*told, last) = view.plan_id[:12], _sentences(view)
    parts = [
        f"{STYLE}{threeway.LOOKS}{_LOOKS}",
        f"<div class='ct-plan ct-report' role='region' aria-label='Report on plan {plan_id}'>",
        f"<p class='ct-head'>{escape(' '.join(told))} <strong>{last}</strong></p>",
        f"<p class='ct-sub'>Plan <code>{plan_id}</code> · {escape(view.site)}</p>",
    ]
    parts += [
        f"<p class='ct-note'><strong>Note</strong>: {note}</p>" for note in _notes(view, hide=hide)
    ]
    if view.lines:
        signs = "".join(
            f"<li>{_sign(word)} {word} <strong>{n:,}</strong></li>"
            for word, n in view.contacts.items()
        )
        parts.append(f"<ul class='ct-legend' aria-label='Contacts by outcome'>{signs}</ul>")
    parts += [_group(word, lines, hide=hide) for word, lines in view.by_word.items()]
    parts.append("</div>")
    return "".join(parts)


def _sign(word: str) -> str:
    """Return an outcome's sign: told apart by its shape, not by its colour alone."""
    kind = "look" if word in LOOK else "calm"
    return f"<span class='ct-sign ct-{kind}'>{_SIGNS.get(word, '!')}</span>"


def _group(word: str, lines: Sequence[Line], *, hide: bool) -> str:
    look, more = word in LOOK, len(lines) - CARDS
    rest = f"<p class='ct-sub'>… and {more:,} more: <code>report.to_frame()</code></p>"
    return (
        f"<details class='{'ct-card ct-warn' if look else 'ct-card'}'{' open' if look else ''}>"
        f"<summary>{_sign(word)} "
        f"<strong>{word}</strong> · {count(_contacts(lines), 'contact')}: "
        f"{OUTCOMES[word]}. {_ADVICE.get(word, '')}</summary>"
        f"{''.join(_end(line, hide=hide) for line in lines[:CARDS])}"
        f"{rest if more > 0 else ''}</details>"
    )


def _end(line: Line, *, hide: bool) -> str:
    who = f"{named(pages.initials(line.name) if hide else line.name)} · "
    who += f"<code>{escape(line.contact_id)}</code>"
    if line.step:
        who += f" <span class='ct-kind'>{escape(line.step)}</span>"
    before, after = line.revisions
    if line.word in ("applied", SURPRISE) and None not in (before, after):
        who += f" · revision {before} → {after}"
    told = [f"<span class='ct-kind'>{escape(line.code)}</span>"] if line.code else []
    if line.rest and not hide:
        told.append(escape(line.rest))
    what = f"<p>{' '.join(told)}</p>" if told else ""
    if line.differences:
        heads = ("was", "planned", "there now")
        what += three_way_html(line.differences, heads, hide=hide)
    if line.surprises:
        what += three_way_html(line.surprises, ("was", "promised", "stored"), hide=hide)
    return f"<div class='ct-end'><p class='ct-who'>{who}</p>{what}</div>"


def page(view: ReportView, *, hide: bool) -> str:
    """Return a report as a page of its own, which asks nothing of any server."""
    hidden = (
        "<div class='ct-plan'><p class='ct-sub'>Values are left out and names shortened: "
        "<code>report.save(path, reveal=True)</code> shows them.</p></div>"
    )
    body = f"{report_html(view, hide=hide)}{hidden if hide else ''}"
    return pages.page(f"Report on plan {view.plan_id[:12]}", body)


_LOOKS = """<style>
.ct-report .ct-legend{display:flex;flex-wrap:wrap;gap:.2em 1.4em;list-style:none;margin:.5em 0;
padding:0}
.ct-report .ct-legend li{margin:0}
.ct-report .ct-sign{display:inline-block;width:1.35em;line-height:1.35em;border-radius:50%;
text-align:center;font-weight:700;font-size:11px;border:1px solid currentColor}
.ct-report .ct-sign.ct-look{color:var(--jp-warn-color1,#b35c00)}
.ct-report .ct-sign.ct-calm{color:var(--jp-ui-font-color2,#555)}
.ct-report .ct-end{margin:.4em 0 .2em 1.1em}
.ct-report .ct-end+.ct-end{border-top:1px solid var(--jp-border-color3,#eee);padding-top:.3em}
.ct-report .ct-end p{margin:.1em 0;overflow-wrap:anywhere}
</style>"""
