"""Named stages: kept on disk gesture by gesture, and taken up again in another kernel."""

import copy
import itertools
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people_builder import ANN, BOB, CAT, email, person, snapshot

import contacttools as ct
from contacttools.staging import drafts


def who(contact_id, revision=1, **info):
    """Return a contact with a name."""
    return person(contact_id, revision, name={"first": contact_id}, **info)


def contacts(revision=1, **info):
    """Return a snapshot of three contacts; `info` is of the first."""
    return snapshot(who(ANN, revision, company="Otter", **info), who(BOB), who(CAT))


def test_a_named_stage_is_taken_up_as_it_was():
    """What is staged, the way back and forth, the rules, the reasons; equal plans."""
    stage = ct.Stage(contacts(emails=[email("e1", "a@x.org")]), name="november")
    stage.apply("Quay", "company", where={"company": None}, reason="filled")
    new = stage.add(ANN, "emails", {"email": "b@x.org"})
    stage.allow_duplicates(BOB, reason="a family")
    stage.edit(CAT, {"jobTitle": "Cook"})
    plan = stage.plan()
    stage.undo()
    again = ct.Stage(contacts(emails=[email("e1", "a@x.org")]), name="november")

    assert again.redo()
    assert plan == again.plan()
    assert plan.to_frame().equals(again.plan().to_frame())
    assert 1 == len(again.recipe())
    assert new != again.add(ANN, "emails", {"email": "c@x.org"})
    assert [True] * 5 + [False] == [again.undo() for _ in range(6)]
    assert {} == again.edits()


KILLED = """
import os, signal
from test_drafts import contacts, ANN, BOB
import contacttools as ct
stage = ct.Stage(contacts(), name="november")
with stage.step():
    stage.edit(ANN, {"jobTitle": "Cook"})
    stage.edit(BOB, {"jobTitle": "Cook"})
stage.edit(BOB, {"company": "Quay"})
with stage.step():
    stage.edit(BOB, {"company": "never whole"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_after_a_kill_undo_still_works():
    """Each gesture that ended is there; the one that did not, is not; nobody holds the stage."""
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED)],
        env={**os.environ, "PYTHONPATH": path}, check=False,
    )  # fmt: skip
    assert -signal.SIGKILL == done.returncode
    stage = ct.Stage(contacts(), name="november")

    both = {ANN: {"jobTitle": "Cook"}, BOB: {"jobTitle": "Cook"}}
    assert {**both, BOB: {"jobTitle": "Cook", "company": "Quay"}} == stage.edits()
    stage.undo()
    assert both == stage.edits()
    stage.undo()
    assert {} == stage.edits()


HOLDS = """
from test_drafts import contacts
import contacttools as ct
stage = ct.Stage(contacts(), name="november")
print("open", flush=True)
input()
"""


def test_two_kernels_do_not_have_one_stage():
    """The second is told; and when the first has ended, it gets it."""
    path = os.pathsep.join(each for each in sys.path if each)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS], env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert "open\n" == other.stdout.readline()
        with pytest.raises(ct.BadValue, match="stage 'november' is open in another notebook"):
            ct.Stage(contacts(), name="november")
        assert [True] == ct.stages()["open"].tolist()
        with pytest.raises(ct.BadValue, match="open in another notebook"):
            drafts.forget("site-1", ANN) or ct.Stage(contacts(), name="november")
        other.communicate("\n")
    ct.Stage(contacts(), name="november").edit(ANN, {"company": "Quay"})


def test_opened_again_the_older_one_stages_nothing():
    """In one notebook: a cell that is run again takes the stage over."""
    first = ct.Stage(contacts(), name="november")
    first.edit(ANN, {"company": "Quay"})
    second = ct.Stage(contacts(), name="november")
    with pytest.raises(ct.BadValue, match="was opened again, or closed, since"):
        first.edit(ANN, {"company": "Lost"})

    assert first.edits() == second.edits() == {ANN: {"company": "Quay"}}
    second.close()
    assert [False] == ct.stages()["open"].tolist()


def test_others_changes_are_carried_or_held_back():
    """As in a rebase; steps about contacts that nobody changed can still be undone."""
    stage = ct.Stage(contacts(), name="november")
    stage.edit(BOB, {"company": "Quay"})
    stage.edit(ANN, {"company": "Quay", "jobTitle": "Cook"})
    theirs = snapshot(who(ANN, 2, company="Vale"), who(BOB), who(CAT))
    again = ct.Stage(theirs, name="november")

    assert [(ANN, "company", "Otter", "Quay", "Vale")] == [
        tuple(row) for row in again.clashes().itertuples(index=False)
    ]
    assert {"jobTitle": "Cook"} == {
        name: each for name, each in again.staged(ANN).items() if name != "company"
    }
    again.close()
    third = ct.Stage(theirs, name="november")
    assert 1 == len(third.clashes())
    assert [True, False] == [third.undo(), third.undo()]
    assert {ANN} == set(third.edits())


def test_of_some_contacts_a_stage_of_others_is_not_opened():
    """A partial snapshot that lacks what is staged would let edits fall away."""
    ct.Stage(contacts(), name="november").edit(ANN, {"company": "Quay"})
    some = snapshot(who(BOB), partial="limit=1")
    with pytest.raises(ct.BadValue, match=r"edits of 1 contact that are not among these \(limit"):
        ct.Stage(some, name="november")
    assert {ANN: {"company": "Quay"}} == ct.Stage(contacts(), name="november").edits()


def test_names_are_of_a_site():
    """Two sites have a stage of one name each, whatever the name holds; all are listed."""
    name = "../../november \N{SNOWMAN}"
    mine = ct.Stage(contacts(), name=name)
    mine.edit(ANN, {"company": "Quay"})
    theirs = ct.Stage(snapshot(who(ANN), site_id="site-2"), name=name)

    assert {} == theirs.edits()
    listed = ct.stages().set_index("siteId")
    assert {"site-1": 1, "site-2": 0} == listed["contacts"].to_dict()
    assert {name} == set(listed["name"])


def test_a_discarded_stage_is_gone_from_the_disk():
    """What was staged stays staged in memory, without a name."""
    stage = ct.Stage(contacts(), name="november")
    stage.edit(ANN, {"company": "Quay"})
    stage.discard()

    assert (None, 0, 1) == (stage.name, len(ct.stages()), len(stage))
    assert [0] == [each.stat().st_size for each in drafts._root().iterdir()]  # its lock
    assert {} == ct.Stage(contacts(), name="november").edits()


@pytest.mark.parametrize("is_open", [True, False])
def test_a_person_is_forgotten(is_open):
    """Nothing of them is left in the file, whether a stage has it open or not."""
    stage = ct.Stage(contacts(), name="november")
    stage.edit(ANN, {"company": "Quay"})
    stage.edit(BOB, {"company": "Quay"})
    if not is_open:
        stage.close()
    path = drafts._path("november", "site-1")
    assert ANN in path.read_text()

    assert [1, 0] == [drafts.forget("site-1", ANN), drafts.forget("site-1", ANN)]
    assert (0, 0) == (path.read_text().count(ANN), path.read_text().count("Otter"))
    assert {BOB: {"company": "Quay"}} == ct.Stage(contacts(), name="november").edits()


def test_a_torn_last_line_was_never_written():
    """Cut anywhere in it, the stage is what it was before; the next gesture goes on from there."""
    stage = ct.Stage(contacts(), name="november")
    stage.edit(ANN, {"company": "Quay"})
    stage.close()
    path = drafts._path("november", "site-1")
    whole = path.read_bytes()
    begin = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(begin, len(whole)):
        path.write_bytes(whole[:cut])
        again = ct.Stage(contacts(), name="november")
        assert {} == again.edits(), cut
        again.close()
    path.write_bytes(whole[:-1])
    again = ct.Stage(contacts(), name="november")
    again.edit(BOB, {"company": "Vale"})
    assert {BOB: {"company": "Vale"}} == ct.Stage(contacts(), name="november").edits()


def test_a_damaged_file_is_said_to_be(tmp_path):
    """It is not opened, and not written over; nor is what is no file."""
    ct.Stage(contacts(), name="november").close()
    path = drafts._path("november", "site-1")
    path.write_bytes(path.read_bytes().replace(b"november", b"december"))
    before = path.read_bytes()
    with pytest.raises(ct.BadValue, match="is damaged in line 1"):
        ct.Stage(contacts(), name="november")
    assert before == path.read_bytes()
    assert ct.stages()["name"].str.startswith("(damaged").all()
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="is none"):
        ct.Stage(contacts(), name="november")
    assert not (tmp_path / "elsewhere").exists()


def test_only_its_owner_may_read_it():
    """The folder and the file."""
    ct.Stage(contacts(), name="november").edit(ANN, {"company": "Quay"})
    modes = [each.stat().st_mode & 0o777 for each in drafts._root().glob("*")]
    assert (0o700, {0o600}) == (drafts._root().stat().st_mode & 0o777, set(modes))


def test_it_needs_a_site_and_a_name():
    """Before anything is written."""
    with pytest.raises(ct.BadValue, match="contacts of a site"):
        ct.Stage(snapshot(who(ANN), site_id=None), name="november")
    with pytest.raises(ct.BadValue, match="name is what the stage is called"):
        ct.Stage(contacts(), name="two\nlines")
    assert 0 == len(ct.stages())


_numbers = itertools.count()
GESTURES = ["edit", "more", "clear", "undo", "redo", "step", "rule", "idle", "unstage", "rebase"]
gestures = st.lists(st.sampled_from(GESTURES), max_size=12)


@settings(max_examples=25)
@given(gestures, st.data())
def test_whatever_was_done_is_kept(done, data):
    """After any gestures the stage that is opened again is what an unnamed one would be."""
    name = f"any {next(_numbers)}"
    named, plain = ct.Stage(contacts(), name=name), ct.Stage(contacts())
    for number, gesture in enumerate(done):
        for stage in (named, plain):
            _do(stage, gesture, number)
        if data.draw(st.booleans()):
            named.close()
            named = ct.Stage(named.contacts, name=name)
    named = ct.Stage(named.contacts, name=name)
    for _ in range(len(done) + 1):
        assert plain.edits() == named.edits()
        assert plain.clashes().equals(named.clashes())
        assert plain.recipe() == named.recipe()
        assert plain.undo() == named.undo()
    named.discard()


def _do(stage, gesture, number):
    if gesture == "edit":
        stage.edit((ANN, BOB)[number % 2], {"company": f"Quay {number}"})
    elif gesture == "more":
        stage.add(BOB, "emails", {"email": f"b{number}@x.org"})
    elif gesture == "clear":
        stage.edit(ANN, {"company": None})
    elif gesture == "rule":
        stage.apply(f"Cook {number}", "jobTitle", where={"company": "Otter"})
    elif gesture == "idle":
        stage.apply(f"Cook {number}", "jobTitle", where={"company": "nobody's"})
    elif gesture == "step":
        with stage.step("both"):
            stage.edit(ANN, {"jobTitle": f"Cook {number}"})
            stage.edit(CAT, {"jobTitle": f"Cook {number}"})
    elif gesture == "rebase":
        stage.rebase(contacts(revision=number + 2, jobTitle=f"Their {number}"))
    else:
        getattr(stage, gesture)()


@pytest.mark.parametrize(
    "told",
    [
        [[]],
        [{"format": drafts.FORMAT, "version": drafts.VERSION, "name": "x", "site": "site-1"}, 5],
        [{"format": drafts.FORMAT}, {}],
        [],
    ],
    ids=["list", "number", "no version", "nothing"],
)
def test_a_file_of_something_else_is_said_to_be(told):
    """Its checksums may be right; it is no reason to show none of the others."""
    with ct.Stage(contacts(), name="november").step():
        pass
    ct.Stage(contacts(), name="december").close()
    path = drafts._path("november", contacts().site_id)
    path.write_bytes(b"".join(map(drafts._line, told)))
    with pytest.raises(ct.BadValue, match="remove it to go on"):
        ct.Stage(contacts(), name="november")
    listed = ct.stages()["name"].tolist()
    assert "december" in listed
    assert 1 == sum(each.startswith("(damaged: ") for each in listed)


def test_whoever_waits_for_a_stage_and_whoever_comes_later_meet_at_one_lock():
    """Also when it is discarded meanwhile: two kernels never have one stage."""
    fcntl = pytest.importorskip("fcntl")
    stage = ct.Stage(contacts(), name="november")
    with drafts._lock_of(drafts._path("november", stage.contacts.site_id)).open("r+b") as waiting:
        stage.discard()
        fcntl.flock(waiting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(ct.BadValue, match="open in another notebook"):
            ct.Stage(contacts(), name="november")


def test_a_full_disk_hides_nothing_from_who_watches():
    """It is staged here, and says so; once there is room, all of it is kept."""
    resource = pytest.importorskip("resource")
    stage, told = ct.Stage(contacts(), name="november"), []
    stage.watch(lambda: told.append(stage.edits()))
    path = drafts._path("november", stage.contacts.site_id)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            stage.edit(ANN, {"company": "Quay"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert [{ANN: {"company": "Quay"}}] == told
    assert "It is staged here" in caught.value.__notes__[0]
    stage.edit(BOB, {"company": "Quay"})
    edits = stage.edits()
    assert edits == ct.Stage(contacts(), name="november").edits()


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_a_copy_has_no_name_and_nothing_in_common(how):
    """What is done to it is done to nobody else."""
    stage = ct.Stage(contacts(), name="november")
    stage.edit(ANN, {"company": "Quay"})
    other = how(stage)
    other.edit(BOB, {"company": "Quay"})
    assert (None, "november") == (other.name, stage.name)
    assert {ANN: {"company": "Quay"}} == stage.edits()


def test_opened_again_in_the_middle_of_a_step_the_older_one_writes_nothing():
    """The file is that of the one opened last, and nothing of it is lost."""
    older = ct.Stage(contacts(), name="november")
    older.edit(ANN, {"company": "Quay"})
    with pytest.raises(ct.BadValue, match="was opened again"), older.step():  # noqa: PT012
        older.edit(BOB, {"company": "Quay"})
        newer = ct.Stage(contacts(), name="november")
        newer.edit(CAT, {"company": "Quay"})
    newer.edit(CAT, {"jobTitle": "Cook"})
    edits = newer.edits()
    assert {ANN, CAT} == set(edits)
    assert edits == ct.Stage(contacts(), name="november").edits()


def test_a_person_who_is_gone_is_forgotten_too():
    """Deleted on the site with something staged: what is undecided still tells of them."""
    stage = ct.Stage(contacts(), name="november")
    stage.edit(ANN, {"company": "Quay"})
    stage.rebase(snapshot(who(BOB), who(CAT)))
    stage.close()
    path = drafts._path("november", "site-1")
    assert "Quay" in path.read_text()

    assert 1 == drafts.forget("site-1", ANN)
    assert (0, 0) == (path.read_text().count(ANN), path.read_text().count("Quay"))


def test_a_rule_without_effect_is_kept_after_an_undo():
    """Nothing is staged by it, and it belongs to the recipe all the same."""
    stage = ct.Stage(contacts(), name="november")
    stage.apply("Quay", "company", where={"company": "Otter"})
    stage.undo()
    stage.apply("Vale", "company", where={"company": "nobody's"})
    again = ct.Stage(contacts(), name="november")

    assert stage.recipe() == again.recipe()
    assert ["Vale"] == [each.parameters["value"] for each in again.recipe().instructions]
