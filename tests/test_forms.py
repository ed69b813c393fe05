"""The form without a browser: traits are set, buttons clicked, and the stage is looked at."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contacttools as ct
from contacttools import sandbox
from contacttools.contact import fields
from contacttools.sandbox import Server
from contacttools.widgets.forms import Form


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A sandbox of this module's own."""
    with sandbox.start(people=60, seed=23) as running:
        yield running


@pytest.fixture(scope="module")
def keys(server: Server) -> dict[str, Any]:
    """What it takes to connect to it."""
    return {"base_url": server.url, "api_key": server.api_key, "site_id": server.site_id}


@pytest.fixture(scope="module")
def site(keys: dict[str, Any]) -> ct.Site:
    """That sandbox, taken for a live site."""
    return ct.connect(read_only=False, requests_per_minute=None, direct_writes=True, **keys)


@pytest.fixture
def stage(site: ct.Site, server: Server) -> ct.Stage:
    """An empty stage over the contacts as they are now."""
    server.faults.clear()
    return ct.Stage(site.fetch())


@pytest.fixture
def form(stage: ct.Stage, site: ct.Site) -> Iterator[Form]:
    """A form over that stage, showing a contact whose lists can be written."""
    made = ct.form(stage, site)
    made.show(writable(stage.contacts))
    yield made
    made.close()


def writable(contacts: ct.Contacts, n: int = 0) -> str:
    """The nth contact with an e-mail and a phone, neither of them anybody else's."""
    seen: dict[str, list[str]] = {}
    for name, value in (("emails", "email"), ("phones", "phone")):
        frame = contacts.to_frame(name)
        for contact_id, text in zip(frame["contactId"], frame[value], strict=True):
            key = "".join(filter(str.isalnum, text)).lower()
            seen.setdefault(key, []).append(contact_id)
    shared = {each for holders in seen.values() if len(set(holders)) > 1 for each in holders}
    wide = contacts.to_frame()
    whole = wide.index[wide["email"].notna() & wide["phone"].notna() & wide["name.first"].notna()]
    return [str(each) for each in whole if each not in shared][n]


def part(form: Form, name: str) -> Any:
    """The part of a field on the page that is shown."""
    return form.page.parts[name]


def type_in(form: Form, name: str, text: str) -> None:
    """Type a text into the box of a field and leave it."""
    part(form, name).control.value = text


def eventually(true: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something holds, and fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def ended(form: Form) -> None:
    """Wait until a commit has ended and its report is painted."""
    assert form.run.wait(30)
    eventually(lambda: "Report" in form.report.value and form.fetch.layout.display is None)


def fetched(form: Form, old: ct.Contacts, stage: ct.Stage) -> None:
    """Wait until the contacts were fetched again and the form has settled."""
    eventually(lambda: stage.contacts is not old and not form.fetch.disabled)


# -- editing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        ("name.first", "Zoë <i>", "Zoë <i>"),
        ("company", " padded ", " padded "),
        ("birthdate", "1984-02-29", "1984-02-29"),
        ("locale", "pt-br", "pt-br"),
        ("custom.nickname", "Zo", "Zo"),
        ("custom.customer-number", "12.5", 12.5),
        ("custom.customer-number", "-7", -7),
        ("custom.last-contacted", "2024-01-31", "2024-01-31"),
        ("custom.website", "https://example.org", "https://example.org"),
        ("name.last", "", None),
    ],
)
def test_a_text_stages_what_the_same_edit_in_code_stages(
    form: Form, stage: ct.Stage, name: str, typed: str, meant: object
):
    """Every kind of field that holds one value; an emptied box clears."""
    type_in(form, name, typed)

    assert meant == stage.value(form.contact_id, name)
    code = ct.Stage(stage.contacts)
    code.edit(form.contact_id, {name: meant})
    assert code.plan().id == stage.plan().id


@pytest.mark.parametrize(
    ("name", "typed", "why"),
    [
        ("birthdate", "31.12.1980", "YYYY-MM-DD"),
        ("birthdate", "2023-02-29", "not a day that exists"),
        ("locale", "English, please", "language tag"),
        ("company", "x" * 1001, "at most 1,000"),
        ("custom.customer-number", "seven", "expected a number"),
        ("custom.customer-number", "1e999", "finite"),
        ("custom.customer-number", "inf", "expected a number"),
        ("custom.customer-number", "nan", "expected a number"),
    ],
)
def test_a_bad_value_stays_beside_its_reason(
    form: Form, stage: ct.Stage, name: str, typed: str, why: str
):
    """Nothing is staged, the text stays, other fields go on, and Revert brings the value back."""
    before = part(form, name).control.value
    type_in(form, name, typed)
    type_in(form, "jobTitle", "Goes on")

    assert why in part(form, name).note.value
    assert typed == part(form, name).control.value
    assert ["jobTitle"] == list(stage.staged(form.contact_id))
    part(form, name).revert.click()
    assert before == part(form, name).control.value
    assert "not staged" not in part(form, name).note.value


def test_an_unchanged_field_calls_nothing(form: Form, stage: ct.Stage):
    """Typing what is there already is no step: there is nothing to undo after it."""
    control = part(form, "name.first").control
    before = control.value
    control.value = f"{before}!"
    control.value = before

    assert 0 == len(stage)
    assert stage.undo()
    assert f"{before}!" == stage.value(form.contact_id, "name.first")
    assert stage.undo()
    assert not stage.undo()


def test_items_are_edited_added_removed_and_made_primary(form: Form, stage: ct.Stage):
    """Each gesture on a list is the call that code would make."""
    who, emails, phones = form.contact_id, part(form, "emails"), part(form, "phones")
    code = ct.Stage(stage.contacts)

    first = next(iter(phones.rows))
    phones.rows[first]["tag"].value = "FAX"
    phones.rows[first]["countryCode"].value = "SE"
    code.edit_item(who, "phones", first, {"tag": "FAX"})
    code.edit_item(who, "phones", first, {"countryCode": "SE"})
    emails.add.value = "second@example.org"
    new = list(emails.rows)[-1]
    emails.rows[new].primary.click()
    code.make_primary(who, "emails", code.add(who, "emails", {"email": "second@example.org"}))
    assert "● Primary" == emails.rows[new].primary.description
    assert code.plan().id == stage.plan().id

    old = next(iter(emails.rows))
    emails.rows[old].remove.click()
    code.remove(who, "emails", old)
    assert [new] == list(emails.rows)
    assert "removed" in emails.note.value
    assert code.plan().id == stage.plan().id


def test_a_bad_member_of_an_item_is_refused_beside_it(form: Form, stage: ct.Stage):
    """A country of three letters, and an e-mail emptied in place of removed."""
    phone = next(iter(part(form, "phones").rows.values()))
    email = next(iter(part(form, "emails").rows.values()))
    phone["countryCode"].value = "USA"
    email["email"].value = ""

    assert "two capital letters" in phone.box.children[-1].value
    assert "remove the item" in email.box.children[-1].value
    assert 0 == len(stage)


def test_labels_go_on_by_name_and_off_by_click(form: Form, stage: ct.Stage):
    """The name that a person sees stands for the key; an unknown name is refused."""
    who, labels = form.contact_id, part(form, "labelKeys")
    held = stage.value(who, "labelKeys") or ()
    key, name = next(
        each for each in stage.contacts.definitions.labels.items() if each[0] not in held
    )

    labels.add.value = name
    assert (*held, key) == stage.value(who, "labelKeys")
    assert "" == labels.add.value
    assert f"added {name}" in labels.note.value
    labels.add.value = "No such label"
    assert "there is no label" in labels.note.value
    labels.chips[key].click()
    assert 0 == len(stage)


def test_code_shows_in_the_form_and_undo_in_the_form_undoes_code(form: Form, stage: ct.Stage):
    """One paper, two pens."""
    who, control = form.contact_id, part(form, "jobTitle").control
    before = control.value
    stage.edit(who, {"jobTitle": "By code"})
    stage.add(who, "phones", {"phone": "555 0199"})

    assert "By code" == control.value
    assert f"<del>{before}</del>" in part(form, "jobTitle").note.value or not before
    assert "555 0199" in [row["phone"].value for row in part(form, "phones").rows.values()]
    assert "<strong>1 contact</strong> staged" == form.staged.value
    form.undo.click()
    form.undo.click()
    assert before == control.value
    form.redo.click()
    assert "By code" == control.value
    part(form, "jobTitle").revert.click()
    assert 0 == len(stage)
    form.redo.click()
    assert "nothing to redo" in form.says.value


def test_what_a_browser_sends_late_lands_on_the_contact_it_was_typed_for(
    form: Form, stage: ct.Stage
):
    """A box belongs to one contact, whichever is shown when its text arrives."""
    first, late = form.contact_id, part(form, "company").control
    form.next.click()
    late.value = "Typed before Next"

    assert first != form.contact_id
    assert "Typed before Next" == stage.value(first, "company")
    assert {} == stage.staged(form.contact_id)


GESTURES = st.lists(
    st.one_of(
        st.tuples(
            st.just("edit"),
            st.sampled_from([*fields.SCALARS, "custom.nickname", "custom.customer-number"]),
            st.sampled_from(["", "A", "1999-12-31", "en-us", "42", "Ünï ", "x" * 1001]),
        ),
        st.tuples(
            st.just("add"),
            st.sampled_from(["emails", "phones"]),
            st.sampled_from(["a@example.org", "b@example.org", "555 0123", "y" * 400]),
        ),
        st.tuples(
            st.sampled_from(["remove", "primary", "tag"]),
            st.sampled_from(["emails", "phones"]),
            st.integers(0, 3),
        ),
        st.tuples(
            st.sampled_from(["label", "revert", "undo", "redo", "step"]),
            st.just("jobTitle"),
            st.sampled_from(["custom.vip", "custom.press"]),
        ),
    ),
    max_size=12,
)


@settings(max_examples=max(10, settings().max_examples // 4))
@given(gestures=GESTURES)
def test_any_gestures_leave_the_stage_as_the_same_edits_in_code(site: ct.Site, gestures):
    """Whatever is typed, clicked and chosen, in any order: the plans are the same plan."""
    contacts = site.fetch()
    by_hand, by_code = ct.Stage(contacts), ct.Stage(contacts)
    form = ct.form(by_hand, site)
    for gesture in gestures:
        in_code(by_code, form, gesture)
        by_form(form, gesture)
        assert by_code.plan().id == by_hand.plan().id
    form.close()


def by_form(form: Form, gesture: tuple[str, str, Any]) -> None:
    """Make a gesture with the widgets."""
    kind, name, value = gesture
    if kind == "edit":
        type_in(form, name, value)
    elif kind == "add":
        part(form, name).add.value = value
    elif kind in {"remove", "primary", "tag"}:
        rows = list(part(form, name).rows.values())
        if value < len(rows) and kind == "tag":
            rows[value]["tag"].value = "WORK"
        elif value < len(rows):
            getattr(rows[value], kind).click()
    elif kind == "label":
        part(form, "labelKeys").add.value = form._stage.contacts.definitions.labels[value]
    elif kind == "revert":
        part(form, name).revert.click()
    else:
        {"undo": form.undo, "redo": form.redo, "step": form.next}[kind].click()


def in_code(stage: ct.Stage, form: Form, gesture: tuple[str, str, Any]) -> None:
    """Make the same edit as code, for the contact that the form shows."""
    kind, name, value = gesture
    who = form.contact_id
    ids = [item["id"] for item in stage.value(who, name) or ()] if name in fields.LISTS else []
    number = name == "custom.customer-number" and value not in ("", "A", "en-us", "Ünï ")
    try:
        if kind == "edit":
            if value != str(stage.value(who, name) or ""):
                meant = int(value) if number and value.isdecimal() else value or None
                stage.edit(who, {name: meant})
        elif kind == "add":
            stage.add(who, name, {fields.LISTS[name].value: value})
        elif kind in {"remove", "primary", "tag"} and value < len(ids):
            call = {"remove": stage.remove, "primary": stage.make_primary}.get(kind)
            if call:
                call(who, name, ids[value])
            else:
                stage.edit_item(who, name, ids[value], {"tag": "WORK"})
        elif kind == "label":
            stage.label(who, add=value)
        elif kind == "revert":
            stage.unstage(who, name)
        elif kind in {"undo", "redo"}:
            getattr(stage, kind)()
    except ct.BadValue:
        pass  # refused there as here


# -- finding --------------------------------------------------------------------------------


def test_a_search_narrows_the_list_as_it_is_typed(form: Form, stage: ct.Stage):
    """By name, e-mail, phone digits, id, or what is staged; and the count says how many."""
    who = form.contact_id
    values = stage.contacts.to_frame().loc[who]
    digits = "".join(filter(str.isdigit, values["phone"]))
    for asked in (values["name.first"].upper(), values["email"], digits, who):
        form.search.value = asked
        assert who in [each for _, each in form.matches.options]
    assert "1 of 60 contacts match" in form.found.value
    stage.edit(who, {"company": "Quite Unheard Of"})
    form.search.value = "unheard of"
    assert [who] == [each for _, each in form.matches.options]
    form.search.value = "nobody at all"
    assert "0 of 60 contacts match" in form.found.value
    assert form.previous.disabled
    assert form.next.disabled


def test_previous_next_and_the_list_show_another_contact(form: Form, stage: ct.Stage):
    """In the order of the snapshot, from end to end; with Only staged, among those."""
    ids = list(stage.contacts)
    form.show(ids[0])
    assert form.previous.disabled
    form.next.click()
    assert ids[1] == form.contact_id == form.matches.value
    form.matches.value = ids[49]
    form.next.click()
    assert ids[50] == form.contact_id
    assert "51 to 60 listed" in form.found.value
    form.previous.click()
    assert ids[49] == form.contact_id
    stage.edit(ids[7], {"company": "Staged"})
    form.only_staged.value = True
    assert "1 of 60 contacts match" in form.found.value
    form.next.click()
    assert ids[7] == form.contact_id


# -- writing --------------------------------------------------------------------------------


def test_a_preview_names_what_was_typed_and_is_not_staged(form: Form, stage: ct.Stage):
    """Text that was refused is not in the plan, and whoever approves the plan is told so."""
    form.page.parts["birthdate"].control.value = "31.12.1980"
    form.page.parts["company"].control.value = "Example Ltd & Co"
    form.preview.click()
    assert "Not staged, so not in this plan" in form.says.value
    assert "Birthdate" in form.says.value
    assert ["company"] == [row.field for row in stage.plan().rows]


def test_commit_waits_for_a_preview_of_exactly_this_stage(form: Form, stage: ct.Stage):
    """Off at first, on after a preview, off again once anything changes, on after another."""
    assert form.commit.disabled
    form.preview.click()
    assert form.commit.disabled  # there is nothing to write
    type_in(form, "jobTitle", "Previewed")
    assert form.commit.disabled
    form.preview.click()
    assert not form.commit.disabled
    assert stage.plan().id[:12] in form.shown.value
    stage.edit(form.contact_id, {"company": "Later"})
    assert form.commit.disabled
    assert "Outdated" in form.says.value
    form.commit.click()
    assert form.run is None
    form.preview.click()
    assert not form.commit.disabled
    assert "Outdated" not in form.says.value


def test_a_commit_writes_what_was_previewed_and_nothing_else(
    form: Form, stage: ct.Stage, site: ct.Site
):
    """One contact, one field, one revision on; fetching again empties the stage."""
    who, before = form.contact_id, stage.contacts
    type_in(form, "jobTitle", "Written by hand")
    form.preview.click()
    plan_id = form.plan.id
    form.commit.click()
    ended(form)

    assert plan_id == form.run.plan.id
    assert "1 of 1 contact written" in form.report.value
    after = site.fetch()
    assert [who] == [each for each in before if after[each] != before[each]]
    assert before.revision(who) + 1 == after.revision(who)
    assert "Written by hand" == after[who]["info"]["jobTitle"]
    form.fetch.click()
    fetched(form, before, stage)
    assert 0 == len(stage)
    assert "<strong>0 contacts</strong> staged" == form.staged.value
    type_in(form, "jobTitle", "And again")
    form.preview.click()
    form.commit.click()
    ended(form)
    assert before.revision(who) + 2 == site.get_contact(who)["revision"]


def test_what_could_not_be_begun_stays_in_sight_and_may_be_tried_again(
    form: Form, stage: ct.Stage, site: ct.Site, server: Server
):
    """Another notebook has the plan: its preview stays, and so does what was committed before."""
    type_in(form, "jobTitle", "First of two")
    form.preview.click()
    form.commit.click()
    ended(form)
    before = stage.contacts
    form.fetch.click()
    fetched(form, before, stage)
    type_in(form, "jobTitle", "Second of two")
    form.preview.click()
    gate = threading.Event()
    server.faults.add("before", method="PATCH", call=lambda: gate.wait(60))
    other = site.commit(form.plan, approve=form.plan.id, wait=False)
    form.commit.click()
    assert "Not done" in form.says.value
    assert form.plan.id[:12] in form.shown.value
    assert not form.commit.disabled
    gate.set()
    assert other.wait(30)
    form.commit.click()
    ended(form)
    assert ("", True) == (form.shown.value, form.commit.disabled)
    assert "1 of 1 contact written" in form.report.value


def test_two_quick_clicks_on_commit_are_one_run(form: Form, server: Server):
    """From two threads at once: one update reaches the service."""
    type_in(form, "jobTitle", "Once")
    form.preview.click()
    server.faults.add("delay", method="PATCH", seconds=0.2)
    together = threading.Barrier(2)

    def click() -> None:
        together.wait()
        form.commit.click()

    runs = [threading.Thread(target=click) for _ in range(2)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    run = form.run
    assert form.commit.disabled
    form.commit.click()
    ended(form)
    assert run is form.run
    assert {"applied": 1} == dict(run.progress.counts)


def test_cancel_stops_between_contacts_and_the_report_says_so(
    form: Form, stage: ct.Stage, server: Server
):
    """What was in hand is finished, the rest is not sent; meanwhile progress is painted."""
    for contact_id in list(stage.contacts)[:20]:
        stage.edit(contact_id, {"jobTitle": "Many"})
    server.faults.add("delay", method="PATCH", seconds=0.15, times=20)
    form.preview.click()
    form.commit.click()
    eventually(lambda: form.bar.value >= 1)
    assert form.cancel.layout.display is None
    assert form.preview.disabled
    form.cancel.click()
    ended(form)
    assert form.run.progress.counts["not_sent"] > 0
    assert "not_sent" in form.report.value
    assert "none" == form.cancel.layout.display


def test_a_commit_is_paused_and_gone_on_with(form: Form, stage: ct.Stage, server: Server):
    """One button at a time; the time left is told; nothing is lost over it."""
    ids = [each for each in stage.contacts if stage.contacts[each]["info"].get("name")][:12]
    for contact_id in ids:
        stage.edit(contact_id, {"jobTitle": "Paused"})
    server.faults.add("delay", method="PATCH", seconds=0.15, times=20)
    form.preview.click()
    form.commit.click()
    eventually(lambda: form.bar.value >= 1)
    assert (None, "none") == (form.pause.layout.display, form.go_on.layout.display)
    form.pause.click()
    assert ("none", None) == (form.pause.layout.display, form.go_on.layout.display)
    eventually(lambda: "paused" in form.says.value)
    assert " left" in form.says.value
    assert not form.run.wait(0)
    form.go_on.click()
    assert (None, "none") == (form.pause.layout.display, form.go_on.layout.display)
    ended(form)
    assert {"applied": len(ids)} == dict(form.run.progress.counts)
    assert ("none", "none") == (form.pause.layout.display, form.go_on.layout.display)


def test_a_conflict_is_reported_and_decided_in_the_form(form: Form, stage: ct.Stage, site: ct.Site):
    """Theirs stands; after fetching again the two are shown, and one click decides."""
    who, old = form.contact_id, stage.contacts
    type_in(form, "company", "Ours & Sons")
    form.preview.click()
    site.update_contact(who, {"company": "Theirs <b>"}, old.revision(who))
    form.commit.click()
    ended(form)
    assert "conflict" in form.report.value
    form.fetch.click()
    fetched(form, old, stage)
    eventually(lambda: form._clashes.children)

    head, line = form._clashes.children
    assert "Conflict" in head.value
    assert "Ours &amp; Sons" in line.children[0].value
    assert "Theirs &lt;b&gt;" in line.children[0].value
    assert "conflict" in part(form, "company").note.value
    form.preview.click()
    assert form.commit.disabled  # held back until decided
    line.children[1].click()
    eventually(lambda: form._clashes.children == ())
    form.preview.click()
    form.commit.click()
    ended(form)
    assert "Ours & Sons" == site.get_contact(who)["info"]["company"]


def test_a_service_that_is_away_is_said_and_can_be_tried_again(form: Form, server: Server):
    """Fetching again fails in words, beside the button, which then works once more."""
    type_in(form, "jobTitle", "Away")
    form.preview.click()
    form.commit.click()
    ended(form)
    server.faults.add("status", method="POST", path="query", status=401)
    form.fetch.click()
    eventually(lambda: not form.fetch.disabled)
    assert "Not done" in form.says.value


# -- safety ---------------------------------------------------------------------------------


def test_a_live_site_says_live_in_the_head_and_on_the_button(form: Form):
    """And the sandbox does not."""
    assert "LIVE" in form._title.value
    form.preview.click()
    assert "LIVE" in form.commit.description
    site = ct.connect()
    calm = ct.form(ct.Stage(site.fetch(limit=2)), site)
    assert "LIVE" not in calm._title.value + calm.commit.description
    calm.close()


def test_a_read_only_site_can_be_previewed_and_not_committed(stage: ct.Stage, keys):
    """A sentence says so, and Commit stays off."""
    form = ct.form(stage, ct.connect(**keys))
    type_in(form, "jobTitle", "Only a wish")
    form.preview.click()

    assert "Open for reading only" in form._title.value
    assert form.commit.disabled
    form.commit.click()
    assert form.run is None
    form.close()


def test_contacts_of_another_site_are_refused(stage: ct.Stage):
    """Before anything is shown."""
    with pytest.raises(ct.WrongSite, match="the stage holds contacts of site"):
        ct.form(stage, ct.connect())


def test_names_that_are_markup_are_shown_as_text(form: Form, stage: ct.Stage):
    """In notes, headings, lists, the preview: escaped; and no description takes HTML."""
    hostile = "<img src=x onerror=alert(1)>\u202e"
    type_in(form, "name.first", hostile)
    type_in(form, "name.first", f"{hostile}!")
    stage.label(form.contact_id, add="custom.vip")
    form.preview.click()

    state = ipywidgets.Widget.get_manager_state()["state"]
    for model in state.values():
        kind, traits = model["model_name"], model["state"]
        assert not traits.get("description_allow_html")
        if kind == "HTMLModel":
            assert "<img" not in traits["value"]
    assert any("\u202e" not in label and "⟨U+202E⟩" in label for label, _ in form.matches.options)


def test_the_key_is_nowhere_in_what_a_browser_gets(form: Form, server: Server):
    """Neither in the state of any widget nor in the repr."""
    state = json.dumps(ipywidgets.Widget.get_manager_state())

    assert server.api_key not in state
    assert server.api_key not in repr(form)


def test_a_terminal_shows_the_stage(form: Form, stage: ct.Stage):
    """Where there is no front end, the form reads as its stage."""
    assert repr(stage) == repr(form)


# -- odd contacts ---------------------------------------------------------------------------


def test_a_tag_this_version_does_not_know_is_shown_and_kept(site: ct.Site, stage: ct.Stage):
    """It stands in the list of tags as unknown, and stays until a person chooses another."""
    odd = odd_contacts(stage, lambda item: item.update(tag="CARRIER_PIGEON"))
    form = ct.form(odd, site)
    row = next(iter(part(form, "emails").rows.values()))

    assert "CARRIER_PIGEON" == row["tag"].value
    assert "CARRIER_PIGEON (unknown)" in [label for label, _ in row["tag"].options]
    row["tag"].value = "WORK"
    assert "WORK" == odd.value(form.contact_id, "emails")[0]["tag"]
    form.undo.click()
    assert "CARRIER_PIGEON" == row["tag"].value
    form.close()


def odd_contacts(stage: ct.Stage, twist: Callable[[Any], object]) -> ct.Stage:
    """A stage over one contact whose first e-mail is not as the documents say."""
    contact = stage.contacts[writable(stage.contacts)]
    twist(contact["info"]["emails"]["items"][0])
    old = stage.contacts
    return ct.Stage(
        ct.Contacts(
            [contact],
            site_id=old.site_id,
            fetched_at=old.fetched_at,
            definitions=old.definitions,
        )
    )


def test_a_form_over_no_contacts_says_so(site: ct.Site, stage: ct.Stage):
    """Nothing to edit, nothing to break."""
    none = ct.Contacts([], site_id=site.site_id, fetched_at=stage.contacts.fetched_at)
    form = ct.form(ct.Stage(none), site)

    assert "no contacts to edit" in form._page.children[0].value
    form.next.click()
    form.preview.click()
    assert form.commit.disabled
    form.close()


def test_a_contact_that_is_gone_after_fetching_again_gives_way(form: Form, stage: ct.Stage):
    """The form shows another one, and its edit is among the conflicts, to be dropped."""
    who, old = form.contact_id, stage.contacts
    type_in(form, "jobTitle", "To nobody")
    left = [old[each] for each in old if each != who]
    stage.rebase(
        ct.Contacts(
            left, site_id=old.site_id, fetched_at=old.fetched_at, definitions=old.definitions
        )
    )

    assert form.contact_id in stage.contacts
    _, line = form._clashes.children
    assert "gone" in line.children[0].value
    line.children[1].click()
    assert () == form._clashes.children


def test_five_thousand_contacts_are_searched_and_paged_quickly(site: ct.Site, stage: ct.Stage):
    """The number of widgets does not grow with the contacts, and a keystroke costs little."""
    old = stage.contacts
    documents = [{**old[each], "id": f"{n}-{each}"} for n in range(84) for each in old]
    many = ct.Contacts(
        documents[:5000], site_id=old.site_id, fetched_at=old.fetched_at,
        definitions=old.definitions,
    )  # fmt: skip
    form = ct.form(ct.Stage(many), site)
    widgets = len(ipywidgets.Widget.get_manager_state()["state"])
    began = time.monotonic()
    for text in ("e", "el", "ell", "example", "example.org", ""):
        form.search.value = text
    form.next.click()
    assert time.monotonic() - began < 5  # seven redraws; a fraction of a second each
    assert len(ipywidgets.Widget.get_manager_state()["state"]) < widgets + 300
    form.close()


def test_what_the_site_has_meanwhile_is_shown_beside_what_is_staged(
    form: Form, stage: ct.Stage, site: ct.Site
):
    """By one read, when it is asked for; another contact shows nothing of it."""
    contact_id = form.contact_id
    assert contact_id is not None
    found = form.meanwhile.found
    form.meanwhile.look.click()
    eventually(lambda: "as it was fetched" in found.value)
    assert "none" == form.fetch.layout.display
    type_in(form, "company", "Ours Ltd")
    theirs = ct.Stage(site.fetch())
    theirs.edit(contact_id, {"company": "Theirs <b>Ltd", "jobTitle": "Buyer"})
    site.commit(theirs.plan(), approve=theirs.plan().id)
    form.meanwhile.look.click()
    eventually(lambda: "Somebody changed 2 fields" in found.value)
    assert "Ours Ltd" in found.value
    assert "Theirs &lt;b&gt;Ltd" in found.value
    assert None is form.fetch.layout.display
    assert {contact_id: {"company": "Ours Ltd"}} == stage.edits()
    form.next.click()
    assert "" == found.value


def test_a_contact_that_is_gone_is_said(form: Form, site: ct.Site, keys):
    """In words, without an error."""
    contact_id = form.contact_id
    ct.connect(**keys | {"read_only": False, "direct_writes": True}).delete_contact(contact_id)
    form.meanwhile.look.click()
    eventually(lambda: "gone from the site" in form.meanwhile.found.value)
