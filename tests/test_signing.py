"""Whose file a plan is: known by a key of the user's own, said in the preview, and no more."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from people_builder import ANN, ann, snapshot

import contacttools as ct
from contacttools.planning import planfile, signing


@pytest.fixture
def key(tmp_path, monkeypatch):
    """The place of a user's key, in a folder that is not there yet."""
    path = tmp_path / "config" / "key"
    monkeypatch.setenv("CONTACTTOOLS_KEY", str(path))
    return path


def some_plan():
    """Return a plan of one edit."""
    stage = ct.Stage(snapshot(ann()))
    stage.edit(ANN, {"company": "Signed Ltd"})
    return stage.plan()


def test_a_plan_of_ones_own_is_known_again(key, tmp_path):
    """It says who saved it and when, and its preview is the one that it had."""
    plan, file = some_plan(), tmp_path / "plan.json"
    assert plan.saved is None
    before = datetime.now(UTC)
    plan.save(file, saved_by="Dana Example")
    loaded = ct.Plan.load(file)
    assert (True, "Dana Example") == (loaded.saved.mine, loaded.saved.by)
    assert before <= loaded.saved.at <= datetime.now(UTC)
    assert (plan.id, repr(plan)) == (loaded.id, repr(loaded))
    assert "saved by you" not in loaded._repr_html_()
    assert loaded.select(contacts=[ANN]).saved == loaded.saved
    assert 0o600 == stat.S_IMODE(key.stat().st_mode)
    assert key.read_bytes() not in file.read_bytes()


@pytest.mark.parametrize("name", ["Dana <b>", None])
def test_a_strangers_plan_is_read_and_says_so(key, tmp_path, name):
    """The same plan under the same id, with a line that nobody overlooks; also once narrowed."""
    plan, file = some_plan(), tmp_path / "plan.json"
    plan.save(file, saved_by=name)
    key.unlink()
    loaded = ct.Plan.load(file)
    assert (plan, False) == (loaded, loaded.saved.mine)
    for each in (loaded, loaded.head(1)):
        assert "was not saved by you" in repr(each)
        assert (name or "somebody who gave no name") in repr(each)
        assert "was not saved by you" in each._repr_html_()
        assert "<b>" not in each._repr_html_().replace("<b>Note", "")
    loaded.save(file)  # who saves it now has read it
    assert ct.Plan.load(file).saved.mine


def test_what_was_changed_and_sealed_again_is_not_ones_own(key, tmp_path):
    """The seal stops accidents only; the key tells who did it."""
    file = tmp_path / "plan.json"
    some_plan().save(file, saved_by="Dana")
    content = file.read_text()
    body = json.loads(content)
    del body["sha256"]
    forged = body | {"saved": body["saved"] | {"by": "Admin"}}
    signed = forged.pop("signature")
    members = {name: value for name, value in forged.items() if name not in ("format", "version")}
    file.write_bytes(planfile.sealed(signed, **members))
    loaded = ct.Plan.load(file)
    assert ("Admin", False) == (loaded.saved.by, loaded.saved.mine)


def test_two_processes_make_one_key(key):
    """Whoever comes second signs with the key of the first."""
    with ThreadPoolExecutor(16) as pool:
        signed = list(pool.map(lambda _: signing.signature(b"x"), range(64)))
    assert 1 == len(set(signed))
    assert [key] == list(key.parent.iterdir())


def test_where_no_key_can_be_kept_a_plan_is_saved_all_the_same(tmp_path, monkeypatch):
    """It is nobody's, then."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONTACTTOOLS_KEY", str(tmp_path / "file" / "key"))
    some_plan().save(tmp_path / "plan.json")
    assert not ct.Plan.load(tmp_path / "plan.json").saved.mine


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_what_is_no_key_signs_nothing(key, tmp_path, content):
    """An empty key would sign what anybody can sign."""
    key.parent.mkdir()
    key.write_bytes(content)
    some_plan().save(tmp_path / "plan.json")
    assert not ct.Plan.load(tmp_path / "plan.json").saved.mine
    assert content == key.read_bytes()


@pytest.mark.parametrize("name", ["", "a\nb", 7])
def test_a_name_is_a_name(key, tmp_path, name):
    """One line of text, or nothing is saved."""
    with pytest.raises(ct.BadValue):
        some_plan().save(tmp_path / "plan.json", saved_by=name)
    assert not (tmp_path / "plan.json").exists()
