"""Who is written first: nobody ever has what another one still has, and rings come apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_builder import BOB, bob, email, person, phone, snapshot
from served import site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.contact import wire


def holder(contact_id, *mails, number=None, name="Holder"):
    """Return a contact that holds these e-mails, the first of them primary."""
    items = [email(f"{contact_id}-{n}", mail, primary=n == 0) for n, mail in enumerate(mails)]
    more = {"emails": items} if items else {}
    if number:
        more["phones"] = [phone(f"{contact_id}-p", number, primary=True)]
    if name:
        more["name"] = {"first": name}
    return person(contact_id, **more)


def stage_of(*people):
    """Return a stage over these contacts."""
    return ct.Stage(snapshot(*people))


def steps(plan):
    """Return the updates of a plan, in order."""
    return [change.key for change in plan.changes]


def carried_out(plan, documents):
    """Carry a plan out on plain lists of e-mails, as a service that allows each one contact."""
    held = {
        each["id"]: {item["email"] for item in each["info"].get("emails", {}).get("items", [])}
        for each in documents
    }
    done = set()
    for change in plan.changes:
        assert set(change.needs) <= done
        done.add(change.key)
        for edit in change.edits:
            if edit.field == "emails":
                now = {item["email"] for item in edit.after or ()}
                for other, theirs in held.items():
                    assert other == change.contact_id or not now & theirs
                held[change.contact_id] = now
    return held


def test_a_swap_takes_three_updates():
    """One lets go, the other takes, the first takes what the other had; the rest as it was."""
    people = [holder("a", "x@example.com"), holder("b", "y@example.com"), holder("c")]
    stage = stage_of(*people)
    stage.edit("a", {"email": "y@example.com", "company": "A"})
    stage.edit("b", {"email": "x@example.com"})
    stage.edit("c", {"company": "C"})
    plan = stage.plan()

    assert [("b", 1), ("c", 1), ("a", 1), ("b", 2)] == steps(plan)
    assert {"a": {"y@example.com"}, "b": {"x@example.com"}, "c": set()} == carried_out(plan, people)
    first, last = plan.changes[0], plan.changes[-1]
    assert (7, 8) == (first.revision, last.revision)
    assert [("exchange", "b")] == [
        (risk.kind, risk.contact_id) for risk in plan.risks if risk.kind == "exchange"
    ]
    shown = repr(plan)
    assert "3 contacts in 4 updates" in shown
    assert "step 1 of 2" in shown
    assert "step 2 of 2" in plan._repr_html_()
    assert "exchanges an e-mail or phone with a, in two updates" in shown


def test_a_rotation_of_three_takes_four_updates():
    """However long the ring, one of them is written twice."""
    people = [holder(each, f"{each}@example.com") for each in "abc"]
    stage = stage_of(*people)
    for taker, held in ("ab", "bc", "ca"):
        stage.edit(taker, {"email": f"{held}@example.com"})
    plan = stage.plan()

    assert [("a", 1), ("c", 1), ("b", 1), ("a", 2)] == steps(plan)
    assert {"a": {"b@example.com"}, "b": {"c@example.com"}, "c": {"a@example.com"}} == carried_out(
        plan, people
    )


def test_hundreds_of_pairs_come_apart_each_by_itself():
    """One of each pair is written twice, and nobody is refused."""
    pairs = [(f"a{n:03}", f"b{n:03}") for n in range(300)]
    people = [holder(each, f"{each}@example.com") for pair in pairs for each in pair]
    stage = stage_of(*people, bob())
    for one, other in pairs:
        stage.edit(one, {"email": f"{other}@example.com"})
        stage.edit(other, {"email": f"{one}@example.com"})
    stage.edit(BOB, {"company": "X"})
    plan = stage.plan()

    assert (901, 601, ()) == (len(plan.changes), len(plan), plan.refused)
    carried_out(plan, people)


def test_who_would_be_left_with_nothing_is_parked():
    """Between the steps it has an address that cannot be anybody's; after them it has not."""
    people = [holder("a", "x@example.com", name=""), holder("b", "y@example.com", name="")]
    stage = stage_of(*people)
    stage.edit("a", {"email": "y@example.com"})
    stage.edit("b", {"email": "x@example.com"})
    plan = stage.plan()

    first, _, last = plan.changes
    assert ["a@parked.invalid"] == [item["email"] for item in first.edits[0].after]
    assert ["y@example.com"] == [item["email"] for item in last.edits[0].after]
    carried_out(plan, people)


def test_phones_are_passed_round_as_well():
    """A contact that has nothing but its phone is parked by e-mail, and loses it again."""
    stage = stage_of(
        holder("a", number="212-555-0101", name=""), holder("b", number="212-555-0102")
    )
    stage.edit("a", {"phone": "212-555-0102"})
    stage.edit("b", {"phone": "212-555-0101"})
    plan = stage.plan()

    assert [("a", 1), ("b", 1), ("a", 2)] == steps(plan)
    assert ["emails", "phones"] == [edit.field for edit in plan.changes[0].edits]
    assert {"emails": None} == {
        edit.field: edit.after for edit in plan.changes[-1].edits if edit.field == "emails"
    }


def test_who_would_wait_for_what_is_left_out_is_left_out_as_well():
    """An exchange of which one half goes is no exchange: the other half goes with it."""
    people = [holder("a", "x@example.com"), holder("b", "y@example.com")]
    stage = stage_of(*people)
    stage.edit("a", {"email": "y@example.com"})
    stage.edit("b", {"email": "x@example.com", "jobTitle": "Buyer"})
    for half in ("a", "b"):
        left = stage.plan().without(contacts=[half], fields=["emails"])
        fields = {(each.contact_id, e.field) for each in left.changes for e in each.edits}
        assert fields <= {("b", "jobTitle")}
        carried_out(left, people)
    whole = stage.plan().without(contacts=["b"], fields=["jobTitle"])
    assert {("a", "emails"), ("b", "emails")} == {
        (each.contact_id, e.field) for each in whole.changes for e in each.edits
    }


def test_a_smaller_plan_keeps_an_exchange_whole():
    """What needs what is not there is left out."""
    stage = stage_of(holder("a", "x@example.com"), holder("b", "y@example.com"), holder("c"))
    stage.edit("a", {"email": "y@example.com", "company": "A"})
    stage.edit("b", {"email": "x@example.com", "company": "B"})
    stage.edit("c", {"company": "C"})
    plan = stage.plan()

    assert [] == steps(plan.select(contacts=["a"]))
    assert [("a", 1), ("b", 1), ("a", 2)] == steps(plan.select(contacts=["a", "b"]))
    assert [("c", 1)] == steps(plan.select(contacts=["a", "c"], fields=["company"]))
    assert [] == steps(plan.head(1))
    assert (3, 4) == (len(plan.head(3)), len(plan.head(3).changes))


def test_an_exchange_is_saved_and_loaded(tmp_path):
    """With its steps and what they need, under the same id."""
    stage = stage_of(holder("a", "x@example.com"), holder("b", "y@example.com"))
    stage.edit("a", {"email": "y@example.com"})
    stage.edit("b", {"email": "x@example.com"})
    plan = stage.plan()
    plan.save(tmp_path / "plan.json")
    loaded = ct.Plan.load(tmp_path / "plan.json")
    assert (plan.id, plan.changes) == (loaded.id, loaded.changes)


@st.composite
def permutations(draw):
    """Draw contacts, and who is to get whose e-mail; some get new ones, some are edited too."""
    n = draw(st.integers(2, 7))
    names = [f"c{k}" for k in range(n)]
    return names, draw(st.permutations(names)), draw(st.sets(st.sampled_from(names)))


@given(permutations(), st.randoms())
def test_no_address_ever_belongs_to_two(drawn, chance):
    """Whatever is passed round: each step holds, it ends as wanted, and the order is no matter."""
    names, owners, edited = drawn
    people = [holder(each, f"{each}@example.com", f"{each}@second.example") for each in names]
    wanted = dict(zip(names, owners, strict=True))

    def plan(order):
        stage = stage_of(*people)
        for each in order:
            if wanted[each] != each:
                stage.edit(each, {"email": f"{wanted[each]}@example.com"})
            if each in edited:
                stage.edit(each, {"company": "Edited"})
        return stage.plan()

    one, other = plan(names), plan(chance.sample(names, len(names)))
    assert (one.id, ()) == (other.id, one.refused)
    held = carried_out(one, people)
    assert held == {
        each: {f"{wanted[each]}@example.com", f"{each}@second.example"} for each in names
    }
    company = {change.contact_id for change in one.changes for edit in change.edits
               if edit.field == "company"}  # fmt: skip
    assert edited == company


@pytest.mark.parametrize("n", [2, 3])
def test_a_ring_is_written_and_taken_back(n):
    """On the sandbox, which allows an e-mail one contact: there, and back again."""
    with sandbox.start(people=40, seed=8) as server, site_at(server) as site:
        contacts = site.fetch()
        known = {
            each: values["emails"]
            for each in contacts
            if len((values := wire.values(contacts[each])).get("emails", ())) == 1
            and "members.membershipStatus" not in str(contacts[each])
        }
        ids = list(known)[:n]
        mails = [known[each][0]["email"] for each in ids]
        stage = ct.Stage(contacts)
        for each, mail in zip(ids, mails[1:] + mails[:1], strict=True):
            stage.edit(each, {"email": mail})
        plan = stage.plan()
        report = site.commit(plan, approve=plan.id)
        assert {"applied": n + 1} == report.counts
        assert mails[1:] + mails[:1] == [now(site, each) for each in ids]
        undo = report.undo_plan()
        assert {"applied": n + 1} == site.commit(undo, approve=undo.id).counts
        assert mails == [now(site, each) for each in ids]


def now(site, contact_id):
    """Return the e-mail that a contact has now."""
    return wire.values(site.get_contact(contact_id))["emails"][0]["email"]


FAMILY = "a family shares it"
A, B, C = (f"{n * 8}-0000-4000-8000-000000000000" for n in "abc")


def test_who_may_share_is_planned_and_says_why():
    """What was refused is planned with its reason, which the preview and the id know of."""
    stage = stage_of(holder(A, "a@example.com"), holder(B, "b@example.com"))
    stage.edit(B, {"email": "a@example.com"})
    (refusal,) = stage.plan().refused
    assert "stage.allow_duplicates" in refusal.reason

    stage.allow_duplicates(B, reason=FAMILY)
    plan = stage.plan()
    assert ([(B, 1)], ()) == (steps(plan), plan.refused)
    assert [("allowed", B, f"a@example.com is also {A}'s")] == [
        (each.kind, each.contact_id, each.text) for each in plan.risks if each.kind == "allowed"
    ]
    assert f"duplicates allowed: {FAMILY}" in repr(plan)
    stage.allow_duplicates(B, reason="another reason")
    assert plan.id != stage.plan().id

    stage.allow_duplicates(B, reason=None)
    assert (0, 1) == (len(stage.plan()), len(stage.plan().refused))


def test_permission_is_a_step_like_any_other():
    """It is undone and done again, outlives a rebase, and goes when all is unstaged."""
    people = [holder(A, "a@example.com"), holder(B, "b@example.com")]
    stage = stage_of(*people)
    stage.edit(B, {"email": "a@example.com"})
    told = []
    stage.watch(lambda: told.append(1))
    stage.allow_duplicates([B], reason=FAMILY)
    assert (1, 1) == (len(told), len(stage.plan()))
    stage.undo()
    assert 0 == len(stage.plan())
    stage.redo()
    stage.rebase(snapshot(*people))
    assert FAMILY == stage.plan().changes[0].allow_duplicates
    stage.unstage(B, "emails")
    stage.edit(B, {"email": "a@example.com"})
    assert 1 == len(stage.plan())
    stage.unstage(B)
    stage.edit(B, {"email": "a@example.com"})
    assert 0 == len(stage.plan())


def test_permission_alone_writes_nothing_and_says_nothing():
    """It is for e-mails and phones: neither an edit by itself nor part of another one."""
    stage = stage_of(holder(A, "a@example.com"))
    stage.allow_duplicates(A, reason=FAMILY)
    assert (0, 0) == (len(stage), len(stage.plan()))
    stage.edit(A, {"company": "X"})
    assert stage.plan().changes[0].allow_duplicates is None


@pytest.mark.parametrize("reason", ["", "  ", 7, True, "two\nlines", "x" * 201])
def test_permission_without_words_is_refused(reason):
    """Whoever reads the preview wants to know why."""
    stage = stage_of(holder(A, "a@example.com"))
    with pytest.raises(ct.BadValue, match="one line"):
        stage.allow_duplicates(A, reason=reason)
    with pytest.raises(ct.UnknownContact):
        stage.allow_duplicates([A, "nobody"], reason=FAMILY)


def test_who_may_share_takes_nothing_from_who_may_not():
    """Of two who claim the same, the one that may share it is written after the other."""
    stage = stage_of(holder(A, "a@example.com"), holder(B, "b@example.com"))
    for each in (A, B):
        stage.edit(each, {"email": "new@example.com"})
    assert (0, 2) == (len(stage.plan()), len(stage.plan().refused))
    stage.allow_duplicates(A, reason=FAMILY)
    assert [(B, 1), (A, 1)] == steps(stage.plan())
    assert ((B, 1),) == stage.plan().changes[1].needs


def test_a_swap_between_those_who_may_share_needs_no_third_update():
    """Neither waits for the other to let go."""
    stage = stage_of(holder(A, "a@example.com"), holder(B, "b@example.com"))
    stage.edit(A, {"email": "b@example.com"})
    stage.edit(B, {"email": "a@example.com"})
    assert 3 == len(stage.plan().changes)
    stage.allow_duplicates([A, B], reason=FAMILY)
    assert [(A, 1), (B, 1)] == steps(stage.plan())


def test_who_may_share_and_who_may_not_may_wait_for_each_other():
    """One waits for what the other lets go of, that one for the first to claim: it is split."""
    stage = stage_of(holder(A, "c@example.com"), holder(B, "b@example.com"))
    stage.edit(A, {"email": "b@example.com"})
    stage.add(A, "emails", {"email": "new@example.com"})
    stage.edit(B, {"email": "new@example.com"})
    stage.edit(B, {"company": "More edits than the other Ltd"})
    stage.allow_duplicates(B, reason=FAMILY)
    plan = stage.plan()
    assert ([(B, 1), (A, 1), (B, 2)], ()) == (steps(plan), plan.refused)
    assert all(change.edits for change in plan.changes)


def test_what_is_allowed_is_written_and_nothing_else_is_shared():
    """The service takes a duplicate from the very contact that may have it."""
    with sandbox.start(people=20, seed=4) as server, site_at(server) as site:
        contacts = site.fetch()
        frame = contacts.to_frame()
        mails = frame[frame.email.notna() & ~frame.email.str.lower().duplicated(keep=False)]
        one, other = [
            each
            for each in mails.index
            if not wire.extended_items(contacts[each]).get("members.membershipStatus")
        ][:2]
        stage = ct.Stage(contacts)
        stage.edit(other, {"email": mails.email[one]})
        stage.allow_duplicates(other, reason=FAMILY)
        plan = stage.plan()
        report = site.commit(plan, plan.id)
        assert {"applied": 1} == {word: n for word, n in report.counts.items() if n}
        then = site.fetch().to_frame().email
        assert then[one] == then[other] == mails.email[one]
        undo = report.undo_plan()
        site.commit(undo, undo.id)
        assert mails.email[other] == site.fetch().to_frame().email[other]
