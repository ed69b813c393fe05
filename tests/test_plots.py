"""The audit's plots: what they show, that they hold no value, and that they are readable."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from people_builder import ANN, BOB, FETCHED, email, person, snapshot

import contacttools as ct
from contacttools.auditing import drawing, plots

KINDS = ["rules", "fields", "time"]
SVG = "{http://www.w3.org/2000/svg}"


def named(contact_id=ANN, first="Ann", last="Ash", **info):
    """Return a contact with a name and a way to reach it."""
    info.setdefault("emails", [email("e1", f"{contact_id}@example.org", primary=True)])
    return person(contact_id, name={"first": first, "last": last}, **info)


PEOPLE = [named(ANN, "ANN", "ASH", company=" Quay"), named(BOB, "Bob", None)]


def words(plot):
    """Return the texts of a picture, without those that the mouse brings up."""
    root = ET.fromstring(plot.svg())  # noqa: S314 - it is our own
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def many(n):
    """Return findings of that many rules, one by each."""
    found = pd.DataFrame({"severity": "info", "findings": 1, "contacts": 1, "about": "x"},
                         index=[f"rule_{at}" for at in range(n)])  # fmt: skip
    return plots.rules(found, 10, 0)


def test_rules_are_counted_by_severity_the_gravest_first():
    """The numbers are those of the summary."""
    findings = ct.audit(snapshot(*PEOPLE))
    plot = findings.plot()
    assert ["spaces", "name_capitals", "name_missing"] == list(plot.data.index)
    assert [1, 2, 1] == plot.data["findings"].tolist()
    told = words(plot)
    assert "4 findings in 2 contacts" == told[0]
    rules = len(findings.rules)  # those of other tests are rules as well
    assert f"{rules - 3} of {rules} rules found nothing" == told[1]
    assert (
        told.index("warning 1 by 1 rule") < told.index("spaces") < told.index("info 3 by 2 rules")
    )
    assert len(findings) == plot.data["findings"].sum()
    quiet = ct.audit(snapshot(*PEOPLE), accepted=findings.accept("spaces", reason="seen"))
    assert "1 accepted and not shown" in words(quiet.plot())[1]


def test_fields_are_counted_as_they_were_audited():
    """Of a stage as staged; what is empty is not there; parts of the findings know it too."""
    stage = ct.Stage(snapshot(*PEOPLE))
    stage.edit(BOB, {"name.last": "Birch"})
    findings = ct.audit(stage, rules="spaces")
    held = findings.plot("fields").data["contacts"]
    assert [2, 2, 1, 0] == held[["name.last", "email", "company", "phone"]].tolist()
    assert {"address", "labelKeys", "custom.nickname"} <= set(held.index)
    assert held.equals(findings.only("spaces").plot("fields").data["contacts"])
    assert held.equals(findings.accepted.plot("fields").data["contacts"])


def test_time_shows_contacts_with_findings_beside_all():
    """By day, week, month, quarter or year, so that there are never more bars than one can see."""
    for days, step in ((20, "day"), (200, "week"), (800, "month"), (4000, "quarter"),
                       (9000, "year")):  # fmt: skip
        created = pd.Series(
            pd.to_datetime(["2020-03-01T10:00:00Z", FETCHED, None]), index=["a", "b", "c"]
        )
        created["b"] = created["a"] + pd.Timedelta(days=days)
        plot = plots.time(created, {"error": {"a", "c"}, "info": {"b"}})
        assert step == plot.data.index.name
        assert len(plot.data) < 80
        assert [2, 1, 0, 1] == plot.data.sum().tolist()
        assert "of 1 contact it is not known" in words(plot)[1]
    findings = ct.audit(snapshot(*PEOPLE))
    assert [[2, 0, 1, 2]] == findings.plot("time").data.to_numpy().tolist()


def test_pictures_of_nothing_say_so():
    """No contacts, no findings, no dates."""
    nobody = ct.audit(ct.Contacts([], site_id="site-1", fetched_at=FETCHED))
    assert "No findings in 0 contacts" == words(nobody.plot())[0]
    assert "What is known of 0 contacts" == words(nobody.plot("fields"))[0]
    assert "no contact says when it was created" == words(nobody.plot("time"))[1]
    assert all(ET.fromstring(nobody.plot(kind).svg()) is not None for kind in KINDS)  # noqa: S314


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_asks_nothing_of_any_server_and_holds_no_value(kind):
    """Markup in a contact, in a field's name or in a rule is text."""
    hostile = "<script>alert(1)</script>"
    people = [named(ANN, hostile, "ASH", company=f" {hostile}", custom={f"custom.{hostile}": "x"})]
    findings = ct.audit(snapshot(*people))
    shown = findings.plot(kind)._repr_mimebundle_()
    assert "text/plain" in shown
    for drawn in (shown["text/html"], shown["image/svg+xml"]):
        assert "<script" not in drawn
        assert "ASH" not in drawn
        assert not re.search(r"href|url\(|src=", drawn)
        assert re.findall(r"https?://[^'\"]*", drawn) in ([], ["http://www.w3.org/2000/svg"])


def test_a_picture_is_told_in_words():
    """To those who cannot see it, and in a terminal."""
    findings = ct.audit(snapshot(*PEOPLE))
    plot, rules = findings.plot(), len(findings.rules)
    root = ET.fromstring(plot.svg())  # noqa: S314 - it is our own
    assert "img" == root.get("role")
    assert plot.about == root.get("aria-label")
    assert plot.about.startswith(
        f"4 findings in 2 contacts; {rules - 3} of {rules} rules found nothing"
    )
    assert f"<Plot: {plot.about}>" == repr(plot)


def luminance(colour):
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_colours_stand_out_from_a_light_and_a_dark_page(ground):
    """By three to one, as WCAG wants of what is no text."""
    for colour in drawing.COLOURS.values():
        high, low = sorted((luminance(colour), luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3


def test_the_text_of_a_picture_has_the_colour_of_its_page():
    """A file has a ground of its own, light or dark."""
    plot = ct.audit(snapshot(*PEOPLE)).plot()
    assert "fill='currentColor'" in plot.svg()
    assert "<rect width='100%' height='100%'" not in plot.svg()
    assert "fill='#ffffff'" in plot.svg(dark=False)
    assert "fill='#111111'" in plot.svg(dark=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 34, 200])
def test_nothing_is_drawn_outside_of_the_picture(kind, n):
    """Bars and the beginnings of texts are within it, and names end before the bars begin."""
    people = [
        named(f"c{at}", "ANN", custom={"custom." + "long-name" * 9: "x", "custom.漢字" * 9: "y"})
        for at in range(n)
    ]
    plot = ct.audit(snapshot(*people)).plot(kind) if kind != "rules" else many(n)
    root = ET.fromstring(plot.svg())  # noqa: S314 - it is our own
    _, _, width, height = map(float, root.get("viewBox").split())
    for each in root.iter(f"{SVG}rect"):
        x, y, wide, tall = (float(each.get(name)) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + tall <= height
    for each in root.iter(f"{SVG}text"):
        x, y = float(each.get("x")), float(each.get("y"))
        long = 8 * drawing.wide("".join(each.itertext()))
        assert y <= height
        assert x - long >= 0 if each.get("text-anchor") == "end" else x + long <= width
    if kind == "rules" and n == 200:
        assert "… and 120 more rules" in words(plot)


@pytest.mark.parametrize(
    ("n", "of", "expected"),
    [(0, 9, "0 %"), (1, 1000, "<1 %"), (999, 1000, "99 %"), (9, 9, "100 %"), (1, 2, "50 %")],
)
def test_a_share_is_never_rounded_to_all_or_none(n, of, expected):
    """100 % is all of them."""
    assert expected == plots.percent(n, of)


def test_a_picture_is_saved_as_svg_or_png(tmp_path):
    """What else it might be is refused before anything is written."""
    plot = ct.audit(snapshot(*PEOPLE)).plot()
    plot.save(tmp_path / "audit.svg")
    assert plot.svg(dark=False) == (tmp_path / "audit.svg").read_text()
    with pytest.raises(ct.BadValue, match=r"as \.svg or \.png, not as 'audit.pdf'"):
        plot.save(tmp_path / "audit.pdf")
    assert ["audit.svg"] == [each.name for each in tmp_path.iterdir()]
    with pytest.raises(ct.BadValue, match="kind is one of rules, fields, time, not 'pie'"):
        ct.audit(snapshot(*PEOPLE)).plot("pie")


def test_a_png_has_two_dots_for_one(tmp_path):
    """It is as wide as it says."""
    pytest.importorskip("vl_convert")
    ct.audit(snapshot(*PEOPLE)).plot().save(tmp_path / "audit.png", dark=True)
    held = (tmp_path / "audit.png").read_bytes()
    assert held.startswith(b"\x89PNG")
    assert 2 * drawing.WIDTH == int.from_bytes(held[16:20], "big")


def test_without_its_package_a_png_says_what_to_install(tmp_path, monkeypatch):
    """And that an SVG needs none."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ct.BadValue, match=r'pip install "contacttools\[png\]", or save it as .svg'):
        ct.audit(snapshot(*PEOPLE)).plot().save(tmp_path / "audit.png")
    assert [] == list(tmp_path.iterdir())
