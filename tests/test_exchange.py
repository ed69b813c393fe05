"""Exchange: contacts written by one and read by another, in every dialect and every wrapping."""

import gzip
import json
import os
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from people_builder import ANN, BOB, FETCHED, ann, bob, cat, documents, snapshot
from served import site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.contact import mapping
from contacttools.snapshot.contacts import Contacts
from contacttools.snapshot.exchange import read_contacts

PEOPLE = (ann(), bob(), cat())
DIALECTS = mapping.DIALECTS


def same(read, people=PEOPLE):
    """Whether these contacts, whole and in this order, were read."""
    return list(people) == [read.document(each) for each in read]


# -- there and back -------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["people.json", "people.ndjson", "people.jsonl", "PEOPLE.NDJSON"])
def test_a_file_is_read_as_it_was_written(tmp_path, dialect, name):
    """In each dialect; a list, or one contact a line; and nothing is returned beside the file."""
    path = tmp_path / name
    assert None is snapshot().to_json(dialect, path)
    lines = path.read_text(encoding="utf-8").splitlines()

    assert ("json" == name[-4:] and "nd" != name[-6:-4]) == (3 != len(lines))
    assert same(read_contacts(path))
    assert same(read_contacts(str(path), dialect=dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(people=documents())
def test_what_is_written_is_read(dialect, people):
    """Always, however strange the contacts; but a bare list is no contact of REST's."""
    assume(not any(mapping.bare(each.get("info")) for each in people))
    contacts = Contacts(people, site_id=None, fetched_at=FETCHED)
    try:
        json.dumps(people, allow_nan=False)
    except ValueError:
        with pytest.raises(ct.BadValue, match="NaN or an infinity"):
            contacts.to_json(dialect)
        return
    text = contacts.to_json(dialect)
    read = read_contacts(text)

    assert same(read, people)
    assert same(read_contacts(text, dialect=dialect), people)


@settings(max_examples=settings().max_examples // 3)  # twelve frames each
@given(people=documents(dirty=False))
def test_contacts_of_a_file_are_those_of_a_fetch(people):
    """Every frame is the same, to the type of each column."""
    fetched = Contacts(people, site_id="s", fetched_at=FETCHED)
    read = read_contacts(fetched.to_json("crm_backend"), "s")

    assert fetched.mark == read.mark
    for table in (None, "emails", "phones", "addresses", "labels", "extendedFields"):
        assert fetched.to_frame(table).equals(read.to_frame(table))


def test_a_text_is_written_as_people_read_it():
    """Names as they are spelt; what is no text at all as an escape."""
    contacts = snapshot(ann(company="Ås\u2028a"), bob(company="half\ud800"))

    assert "Ås" in snapshot(ann(company="Ås")).to_json()
    assert contacts.to_json().isascii()
    assert same(read_contacts(contacts.to_json()), contacts.documents().values())
    assert "[{" == contacts.to_json(indent=None)[:2]


def test_a_line_ends_where_a_line_ends(tmp_path):
    """Characters that only some readers call the end of a line belong to the text."""
    path = tmp_path / "people.ndjson"
    snapshot(ann(company="a\u2028b\x85c"), bob()).to_json(path=path)

    assert "a\u2028b\x85c" == read_contacts(path)[ANN]["info"]["company"]


def test_a_written_file_is_its_owners(tmp_path):
    """It holds real people; what was there before is replaced."""
    path = tmp_path / "people.json"
    path.write_text("old")
    path.chmod(0o644)
    snapshot().to_json(path=path)

    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


def test_what_json_cannot_say_is_not_written(tmp_path):
    """And an unknown dialect is refused even when there is nobody to write."""
    with pytest.raises(ct.BadValue, match="NaN or an infinity"):
        snapshot(ann(novelty=float("nan"))).to_json()
    with pytest.raises(ct.BadValue, match=r"no dialect 'people\.json'"):
        Contacts([], site_id=None, fetched_at=FETCHED).to_json("people.json")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    """And not a file that nobody has asked for."""
    with pytest.raises(FileNotFoundError) as caught:
        snapshot(ann()).to_json(path=tmp_path / "nowhere" / "people.json")
    assert str(tmp_path / "nowhere") == caught.value.filename


# -- the wrappings --------------------------------------------------------------------------


def written(value):
    """JSON on one line."""
    return json.dumps(value)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda each: each,
        written,
        lambda each: written(each).encode(),
        lambda each: "\ufeff \n" + written(each),
        lambda each: written(each).encode("utf-8-sig"),
        lambda each: {"contacts": each, "pagingMetadata": {"count": 3}},
        lambda each: {"items": each, "totalCount": 3},
        lambda each: [{"contact": one} for one in each],
        lambda each: {"contacts": [{"contact": one} for one in each]},
        lambda each: "\n".join(map(written, each)),
        lambda each: "\r\n\r\n".join(map(written, each)) + "\r\n",
        lambda each: "\n".join(written({"contact": one}) for one in each),
        lambda each: "\n".join([written({"items": each[:2]}), written(each[2])]),
    ],
    ids=[
        "list", "text", "bytes", "mark in text", "mark in bytes", "contacts", "items", "each",
        "contacts each", "lines", "crlf", "lines each", "pages",
    ],
)  # fmt: skip
def test_contacts_are_found_in_what_holds_them(dialect, wrapped):
    """A list, a page, answers, lines: parsed, as text or as bytes."""
    there = [mapping.contact_to(dialect, each) for each in PEOPLE]

    assert same(read_contacts(wrapped(there)))


@pytest.mark.parametrize(
    "one", [ann(), {"contact": ann()}, written(ann())], ids=["bare", "answer", "text"]
)
def test_one_contact_is_a_snapshot_of_one(one):
    """Bare, or as an update answers it."""
    assert same(read_contacts(one), [ann()])


@pytest.mark.parametrize("nobody", ["[]", [], {"contacts": []}, b'{"items": []}'], ids=repr)
def test_nobody_is_a_snapshot_of_nobody(nobody):
    """An empty page is no mistake."""
    assert 0 == len(read_contacts(nobody))


def test_a_file_may_hold_several_dialects():
    """Each contact tells its own."""
    mixed = [mapping.contact_to(each, one) for each, one in zip(DIALECTS, PEOPLE, strict=True)]

    assert same(read_contacts(mixed))


def test_what_was_given_may_change_afterwards():
    """The snapshot does not."""
    given = [ann(), bob()]
    read = read_contacts(given)
    given[0]["info"]["company"] = "changed"

    assert "Example Ltd" == read[ANN]["info"]["company"]


def test_a_snapshot_of_a_file_says_so(tmp_path):
    """It is dated by the file, of no site unless told, and never the whole site."""
    path = tmp_path / "people.json"
    snapshot().to_json(path=path)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    read = read_contacts(path)

    assert datetime.fromtimestamp(1_700_000_000, UTC) == read.fetched_at
    assert (None, "3 read from a file") == (read.site_id, read.partial)
    assert ("s", "2 read from JSON") == (
        (read := read_contacts([ann(), bob()], "s")).site_id,
        read.partial,
    )


# -- what cannot be read --------------------------------------------------------------------

GOOD = written(ann())


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "neither a path nor the JSON"),
        ("id,company\nc-ann,Example", "neither a path nor the JSON"),
        (5, "a path, JSON, a list or a dict, not a int"),
        ("[1,", "line 1: no JSON: .* at column 4; export it again"),
        ('[\n{"id" 5}]', "line 2: no JSON: Expecting ':'"),
        (GOOD + "\n{", "line 2: no JSON"),
        (GOOD + "\n\n\n[NaN]", "line 4: no JSON: NaN is no JSON number"),
        (GOOD.replace("{", "{{", 1) + "\n" + GOOD, "line 1: no JSON"),
        ("[" * 100_000, "nested too deep"),
        (b'[{"id": "\xff"}]', "byte 9: no UTF-8"),
        ([ann(), 5], "contact 2: a contact is an object, not 5"),
        ([None], "contact 1: a contact is an object, not null"),
        (
            [{**ann(), "since": datetime(2026, 1, 2, tzinfo=UTC)}],
            "not JSON serializable; dates are",
        ),
        ([{**ann(), "x": float("inf")}], "hold what JSON does not"),
        ([{"info": {}}], r"contact 1: id is missing \(_id outside REST\)"),
        ({"info": {}}, "the contact: id is missing"),
        ([{**ann(), "id": 5}], "contact 1: id is a text, not 5"),
        ([{**ann(), "id": ""}], "contact 1: id is a text, not an empty text"),
        ([{"id": "c"}], "contact 1: contact c: revision is missing"),
        ([{"id": "c", "revision": "5"}], "contact c: revision is a text, as in Contacts v5"),
        ([{"id": "c", "revision": True}], "revision is a whole number from 0, not true"),
        ('{"id": "c", "revision": 1, "x": 1e999}', "1e999 is no JSON number"),
        ([{"id": "c", "revision": -1}], "revision is a whole number from 0, not -1"),
        ([{"id": "c", "revision": 1.0}], "revision is a whole number from 0, not 1.0"),
        ([ann(), bob(), ann()], "contact 3: contact c-ann is at contact 1 already"),
        (GOOD + "\n" + GOOD, "line 2: contact c-ann is at line 1 already"),
        (
            [{"id": "c", "revision": 1, "info": {"phones": []}}],
            r"contact c: info\.phones is flat, as in crm_backend, and the rest is rest",
        ),
        (
            [{"_id": "c", "revision": 1, "info": {"addresses": [{"address": {"geocode": 1}}]}}],
            r"contact 1: contact c: info\.addresses.*'geocode' is REST's name",
        ),
    ],
    ids=lambda each: f"{each!r:.40}",
)
def test_what_is_no_contact_is_refused(source, told):
    """With the place, the contact, the field and what to do."""
    with pytest.raises(ct.BadValue, match=told):
        read_contacts(source)


def test_a_bad_line_of_a_file_is_named(tmp_path):
    """By file and number, whatever the line holds."""
    path = tmp_path / "people.ndjson"
    path.write_text(f"{GOOD}\n\n{{}}\n")
    with pytest.raises(ct.BadValue, match=r"'people\.ndjson', line 3: id is missing"):
        read_contacts(path)
    path.write_text(f"{GOOD}\n5\n")
    with pytest.raises(ct.BadValue, match=r"'people\.ndjson', line 2: a contact is an object"):
        read_contacts(path)
    path.write_bytes(gzip.compress(GOOD.encode()))
    with pytest.raises(ct.BadValue, match=r"'people\.ndjson', byte 1: .*unpack it"):
        read_contacts(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ct.BadValue, match=r"'people\.ndjson', byte 0"):
        read_contacts(path)
    with pytest.raises(FileNotFoundError):
        read_contacts(tmp_path / "nobody.json")


def test_a_file_in_another_dialect_than_named_is_refused():
    """The error says which one it looks like."""
    flat = [mapping.contact_to("crm_backend", ann())]
    with pytest.raises(ct.BadValue, match="this is no rest, it looks like crm_backend"):
        read_contacts(flat, dialect="rest")
    with pytest.raises(ct.BadValue, match=r"info\.emails is flat, as in crm_backend"):
        read_contacts(flat, dialect="crm_v2")
    with pytest.raises(ct.BadValue, match="no dialect 'v4'"):
        read_contacts([], dialect="v4")
    with pytest.raises(ct.BadValue, match="a site id is text, not 5"):
        read_contacts([], 5)
    assert "a-site" == read_contacts([], " a-site\n").site_id


# -- towards a plan -------------------------------------------------------------------------


def test_contacts_of_no_site_are_staged_and_not_planned():
    """The refusal says how to name the site."""
    stage = ct.Stage(read_contacts([ann()]))
    stage.edit(ANN, {"company": "New Ltd"})

    assert "New Ltd" == stage.to_frame().loc[ANN, "company"]
    with pytest.raises(ct.BadPlan, match=r"read_contacts\(…, site_id=…\)"):
        stage.plan()


@pytest.fixture
def server(tmp_path):
    """A sandbox with the three people."""
    path = tmp_path / "people.ndjson"
    path.write_text("".join(written(each) + "\n" for each in (bob(), cat())))
    with sandbox.start(people_file=path) as server:
        yield server


def test_contacts_of_a_named_site_are_committed_by_revision(server, tmp_path):
    """What moved on since the file was written is a conflict, and nobody is overwritten."""
    site = site_at(server)
    path = tmp_path / "out.ndjson"
    site.fetch().to_json("crm_v2", path)
    stage = ct.Stage(read_contacts(path, site.site_id))
    for contact_id in stage.contacts:
        stage.edit(contact_id, {"jobTitle": "Editor"})
    plan = stage.plan()
    site.update_contact(BOB, {"jobTitle": "Baker"}, 3)
    report = site.commit(plan, approve=plan.id)

    assert {BOB: "conflict", "c-cat": "applied"} == {
        each.contact_id: each.outcome for each in report.outcomes
    }
    assert ["Baker", "Editor"] == sorted(
        server.store.contact(each)["info"]["jobTitle"] for each in (BOB, "c-cat")
    )
