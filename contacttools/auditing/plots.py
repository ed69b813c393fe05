"""Plots: what the pictures of an audit show: its rules, the fields, and the time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from contacttools.auditing import drawing
from contacttools.auditing.drawing import COLOURS, EDGE, HEAD, ROW, WIDTH, Plot
from contacttools.auditing.finding import SEVERITIES
from contacttools.planning.render import count

_NUMBERS = 112  # room for what stands behind a bar
_MOST = 80  # rows that anybody reads
_PANEL = 78
#: The steps that a time is told in: how many days it may span at most, and how a step is shown.
_STEPS = (
    (45, "D", "%d %b %Y", "day"), (250, "W", "%d %b %Y", "week"), (1900, "M", "%b %Y", "month"),
    (5500, "Q", "%b %Y", "quarter"), (10**9, "Y", "%Y", "year"),
)  # fmt: skip


def rules(found: pd.DataFrame, contacts: int, accepted: int) -> Plot:
    """Return how much each rule found, the grave ones first.

    Parameters
    ----------
    found : DataFrame
        As ``findings.summary()``: by rule ``severity``, ``findings``, ``contacts``, ``about``.
    contacts, accepted : int
        How many contacts were looked at, and how many findings are not shown.
    """
    held = found[found["findings"] > 0]
    order = held["severity"].map(SEVERITIES.index)
    held = held.assign(order=order).sort_values(["order", "findings"], ascending=[True, False])
    total = int(held["findings"].sum())
    title = f"{count(total, 'finding') if total else 'No findings'} in {count(contacts, 'contact')}"
    clean = len(found) - len(held)
    below = f"{clean:,} of {count(len(found), 'rule')} found nothing" if clean else "by rule"
    below += f", {accepted:,} accepted and not shown" if accepted else ""
    shown = held.head(_MOST)
    left = EDGE + 20
    x = left + drawing.room(list(shown.index)) + 12
    scale = (WIDTH - x - _NUMBERS) / max(1, int(held["findings"].max() if total else 0))
    marks, y = drawing.head(title, below), float(HEAD)
    for severity, group in shown.groupby("severity", sort=False):
        y += 20
        n = int(group["findings"].sum())
        marks.append(drawing.heading(y, str(severity), f"{n:,} by {count(len(group), 'rule')}"))
        y += 8
        each: Any  # a row, which pandas' types know nothing of
        for each in group.itertuples():
            told = f"{count(each.findings, 'finding')} in {count(each.contacts, 'contact')}"
            long = max(2, each.findings * scale)
            marks += [
                drawing.name(left, y + 14, each.Index),
                drawing.bar(
                    x, y + 3, long, ROW - 7, COLOURS[str(severity)],
                    told=f"{each.Index}: {told}. {each.about}",
                ),
                drawing.text(x + long + 6, y + 14, f"{each.findings:,}"),
            ]  # fmt: skip
            y += ROW
    if (more := len(held) - len(shown)) > 0:
        marks.append(drawing.text(left, y + 16, f"… and {count(more, 'more rule')}", faint=True))
        y += ROW
    first = ", ".join(f"{rule} {n:,}" for rule, n in held["findings"].head(5).items())
    about = f"{title}; {below}{'. The gravest first: ' + first if total else ''}."
    return Plot(held.drop(columns="order"), about, marks, y + EDGE)


def fields(filled: Mapping[str, int], contacts: int) -> Plot:
    """Return how many contacts have each field, those that most have first."""
    data = pd.DataFrame(
        {"contacts": pd.Series(filled, dtype="int64").sort_values(ascending=False, kind="stable")}
    ).rename_axis("field")
    data["share"] = data["contacts"] / max(1, contacts)
    title = f"What is known of {count(contacts, 'contact')}"
    shown = data.head(_MOST)
    names = list(shown.index)
    x = EDGE + drawing.room(names) + 12
    full = WIDTH - x - _NUMBERS
    marks, y = drawing.head(title, "share of the contacts that have each field"), float(HEAD)
    for named, n in zip(names, shown["contacts"].tolist(), strict=True):
        told = f"{named}: {n:,} of {count(contacts, 'contact')}"
        marks += [
            drawing.name(EDGE, y + 14, named),
            drawing.bar(x, y + 3, full, ROW - 7, "currentColor", told=told, pale=True),
            drawing.bar(x, y + 3, full * n / max(1, contacts), ROW - 7, COLOURS["info"], told=told),
            drawing.text(x + full + 44, y + 14, percent(n, contacts), anchor="end"),
            drawing.text(WIDTH - EDGE, y + 14, f"{n:,}", faint=True, anchor="end"),
        ]
        y += ROW
    if (more := len(data) - len(shown)) > 0:
        marks.append(drawing.text(EDGE, y + 16, f"… and {count(more, 'more field')}", faint=True))
        y += ROW
    each_ = ", ".join(f"{name} {percent(n, contacts)}" for name, n in filled.items())
    return Plot(data, f"{title}: {each_ or 'nothing'}.", marks, y + EDGE)


def percent(n: int, of: int) -> str:
    """Return a share as it is read: 100 % is all of them, and 0 % none."""
    if n == 0:
        return "0 %"
    if n * 100 < of:
        return "<1 %"
    return "100 %" if n >= of else f"{min(99, round(100 * n / of))} %"


def time(created: pd.Series[pd.Timestamp], found: Mapping[str, set[str]]) -> Plot:
    """Return when contacts were created, and of how many of those something was found.

    Parameters
    ----------
    created : Series
        When, by contact id.
    found : mapping of str to set of str
        The contacts that findings of each severity are about.
    """
    known = created.dropna()
    title = "When the contacts were created"
    if known.empty:
        why = "no contact says when it was created"
        return Plot(pd.DataFrame(), f"{title}: {why}.", drawing.head(title, why), HEAD + EDGE)
    span = (known.max() - known.min()).days
    _, step, written, called = next(each for each in _STEPS if span <= each[0])
    when = known.dt.tz_localize(None).dt.to_period(step)
    every = pd.period_range(when.min(), when.max(), freq=step)
    data = pd.DataFrame({"contacts": when.value_counts().reindex(every, fill_value=0)})
    for severity in SEVERITIES:
        of = when[when.index.isin(list(found.get(severity, ())))]
        data[severity] = of.value_counts().reindex(every, fill_value=0)
    below = f"each {called}; coloured: those with a finding"
    if missing := len(created) - len(known):
        below += f"; of {count(missing, 'contact')} it is not known"
    starts = [f"{period.start_time:{written}}" for period in every]
    marks, y = drawing.head(title, below), float(HEAD)
    left, wide = EDGE + 44, WIDTH - 2 * EDGE - 44
    each = wide / len(data)
    most = int(data["contacts"].max())
    told = []
    for severity in SEVERITIES:
        n = int(data[severity].sum())
        told.append(f"{severity} {n:,}")
        y += 24
        marks.append(drawing.heading(y, severity, f"{n:,} of {count(len(known), 'contact')}"))
        y += 12
        ground = y + _PANEL
        marks.append(drawing.text(left - 6, y + 10, f"{most:,}", faint=True, anchor="end"))
        marks.append(drawing.text(left - 6, ground, "0", faint=True, anchor="end"))
        rows = zip(starts, data["contacts"].tolist(), data[severity].tolist(), strict=True)
        for at, (start, whole, part) in enumerate(rows):
            said = f"{start}: {part:,} of {count(whole, 'contact')}"
            for n, colour in ((whole, "currentColor"), (part, COLOURS[severity])):
                tall = max(1.5, _PANEL * n / most) if n else 0
                place = left + at * each, ground - tall, max(1, each - 1), tall
                pale = colour == "currentColor"
                marks += [drawing.bar(*place, colour, told=said, pale=pale)] if n else []
        marks.append(drawing.bar(left, ground, wide, 1, "currentColor", told=called, pale=True))
        y = ground
    every_so = max(1, -(-len(data) // 7))
    for at in range(0, len(data), every_so):
        if (begins := left + at * each) < WIDTH - 86:  # or its end would be cut
            marks.append(drawing.bar(begins, y, 1, 6, "currentColor", told=starts[at]))
            marks.append(drawing.text(begins, y + 20, starts[at], faint=True))
    spanned = f"{known.min():%d %b %Y} to {known.max():%d %b %Y}"
    about = f"{title}, {spanned}; contacts with findings: {', '.join(told)}."
    return Plot(data.rename_axis(called), about, marks, y + 20 + EDGE)
