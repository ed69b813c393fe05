"""Shown: findings as HTML, for a notebook and as a page for others. Pure.

A page holds no value of a contact unless that is asked for: of a finding one sees the contact's
id, where it is, and which rule found it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contacttools.planning import pages
from contacttools.planning.render import count, escape

LISTED = 200  # findings of one rule in a page

_STYLE = """<style>.ct-audit{font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif)}
.ct-audit table{border-collapse:collapse;margin:.4rem 0}
.ct-audit th,.ct-audit td{padding:.15rem .6rem;text-align:left!important;vertical-align:top}
.ct-audit th{border-bottom:1px solid currentColor;font-weight:600}
.ct-audit .ct-n{text-align:right!important;font-variant-numeric:tabular-nums}
.ct-audit .ct-bar{display:inline-block;height:.7em;min-width:2px;background:#8a8a8a}
.ct-audit .ct-error{background:#c62828}.ct-audit .ct-warning{background:#e08a00}
.ct-audit summary{cursor:pointer;font-weight:600;padding:.2rem 0}</style>"""


@dataclass(frozen=True, slots=True)
class Group:
    """What one rule found.

    Attributes
    ----------
    rule, about, severity : str
    contacts, suggested : int
        How many contacts it is about, and how many of its findings have a suggestion.
    rows : sequence of (contact id, path, value, why, suggestion)
    """

    rule: str
    about: str
    severity: str
    contacts: int
    suggested: int
    rows: Sequence[tuple[str, str, object, str, object]]


@dataclass(frozen=True, slots=True)
class AuditView:
    """What there is to say about an audit."""

    contacts: int
    clean: int  # rules that found nothing
    groups: Sequence[Group]
    accepted: int = 0  # findings that are not shown


def audit_html(view: AuditView) -> str:
    """Return how much was found of what, with bars to compare."""
    return f"{_STYLE}<div class='ct-audit'>{_summary(view)}</div>"


def audit_page(view: AuditView, *, reveal: bool) -> str:
    """Return a page of its own with every finding, up to `LISTED` of each rule."""
    hidden = (
        "" if reveal else "<p>Values are left out: "
        "<code>findings.to_html(path, reveal=True)</code> shows them.</p>"
    )  # fmt: skip
    details = "".join(_details(each, reveal=reveal) for each in view.groups)
    body = f"{_STYLE}<div class='ct-audit'>{_summary(view)}{hidden}{details}</div>"
    return pages.page("Audit", body)


def _summary(view: AuditView) -> str:
    found = sum(len(each.rows) for each in view.groups)
    rules = len(view.groups) + view.clean
    told = f"{count(found, 'finding')} in {count(view.contacts, 'contact')}"
    quiet = f" {view.accepted:,} accepted, not shown." if view.accepted else ""
    nothing = f"{view.clean:,} of {count(rules, 'rule')} found nothing."
    lead = f"<p><strong>{told}</strong>. {nothing}{quiet}</p>"
    if not view.groups:
        return lead
    most = max(len(each.rows) for each in view.groups)
    rows = "".join(
        f"<tr><td class='ct-n'>{len(each.rows):,}</td><td style='width:8rem'>"
        f"<span class='ct-bar ct-{escape(each.severity)}' "
        f"style='width:{100 * len(each.rows) / most:.1f}%'></span></td>"
        f"<td class='ct-n'>{each.contacts:,}</td><td class='ct-n'>{each.suggested:,}</td>"
        f"<td>{escape(each.severity)}</td><td><code>{escape(each.rule)}</code></td>"
        f"<td>{escape(each.about)}</td></tr>"
        for each in view.groups
    )
    return (
        f"{lead}<table><thead><tr><th class='ct-n'>findings</th><th></th>"
        "<th class='ct-n'>contacts</th><th class='ct-n'>with a suggestion</th><th>severity</th>"
        f"<th>rule</th><th>about</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _details(group: Group, *, reveal: bool) -> str:
    more = len(group.rows) - LISTED
    names = ("contact", "where", *(("value", "why", "suggestion") if reveal else ()))
    head = "".join(f"<th>{each}</th>" for each in names)
    rows = "".join(
        f"<tr><td><code>{escape(contact_id)}</code></td><td>{escape(path)}</td>"
        + ("".join(_cell(each) for each in told) if reveal else "")
        + "</tr>"
        for contact_id, path, *told in group.rows[:LISTED]
    )
    left = f"<p>… and {more:,} more: findings.to_frame()</p>" if more > 0 else ""
    return (
        f"<details><summary>{escape(group.rule)} ({len(group.rows):,})</summary>"
        f"<p>{escape(group.about)}</p><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{left}</details>"
    )


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return f"<td>{'' if value is None else escape(str(value))}</td>"
