"""What the tests of the journal share: plans of invented people, notes of every kind, a folder."""

import itertools
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from contacttools.committing.asks import Read, Rebase, Resume, Wait, Waited, Write
from contacttools.committing.notes import Ended, Note
from contacttools.committing.report import Difference, Outcome, Word
from contacttools.contact.wire import (
    Found,
    Lost,
    Missing,
    NeverSent,
    Refused,
    SlowDown,
    Stale,
    Written,
)
from contacttools.journal.folder import Folder
from contacttools.planning.change import Change, Edit, Refusal, Risk
from contacttools.planning.plan import Plan
from contacttools.planning.provenance import NONE, Provenance

SITE = "11111111-2222-4333-8444-555555555555"
WHERE = {"site_id": SITE, "base_url": "http://127.0.0.1:1", "site": "sandbox", "mode": "disjoint"}
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def folder_at(path, **means):
    """Return a folder with time and chance in our hands: each record a second after the last."""
    ticks = itertools.count()
    return Folder(
        path,
        **{
            "now": lambda: BEGAN + timedelta(seconds=next(ticks)),
            "clock": lambda: 0.0,
            "entropy": Random(1).randbytes,
        }
        | means,
    )


def change_of(contact_id, revision=5, **more):
    """Return a change that says whose it is in every value."""
    emails = ({"id": "e1", "tag": "HOME", "email": f"{contact_id}@example.com"},)
    return Change(
        contact_id,
        revision,
        (Edit("company", f"Old {contact_id}", f"New {contact_id}"),),
        {"company": f"Old {contact_id}", "emails": emails, "labelKeys": ("custom.vip",)},
        f"Name {contact_id}",
        **more,
    )


def plan_of(*contact_ids, **more):
    """Return a plan of these contacts."""
    changes = tuple(change_of(each) for each in contact_ids)
    return Plan(SITE, changes, **{"snapshot_at": BEGAN, **more})


def document(contact_id, revision=6):
    """Return a contact as the service holds it."""
    info = {"company": f"New {contact_id}", "jobTitle": f"Job of {contact_id}"}
    return {"id": contact_id, "revision": revision, "info": info}


def sending(change):
    """Return the update of a change as a run asks for it."""
    return Write(change.revision, change.info())


def applied(change):
    """Return what a run notes of a change that goes well: first this, then those."""
    write, contact = sending(change), document(change.contact_id, change.revision + 1)
    outcome = Outcome(
        change.contact_id, "applied", "", change.revision, change.revision + 1, contact=contact
    )
    return [Note(change.key, write, None)], [
        Note(change.key, write, Written(contact)),
        Ended(change.key, outcome),
    ]


def write_until_killed(root, plan, acknowledge):
    """Note what goes well, contact by contact, and say so each time that it is written."""
    book = Folder(root).open(plan, **WHERE)
    ended = book.story().outcomes
    for change in plan.changes:
        if change.key not in ended:
            for n, part in enumerate(applied(change)):
                book.note(part)
                acknowledge.send((change.key, n))


# -- anything that can be noted ---------------------------------------------------------------

words = st.text(max_size=8) | st.sampled_from(["half\ud800", "nul\x00", "İ", "☃"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(words, json_values, max_size=2)
ids = st.sampled_from(["a", "b", "c", "ü", "00000000-0000-4000-8000-000000000000"])
revisions = st.integers(0, 2**53 - 1)
items = st.lists(st.dictionaries(words, scalars, max_size=2), max_size=2).map(tuple)
field_values = {
    "company": words | st.none(),
    "name.first": words | st.none(),
    "emails": items | st.none(),
    "addresses": items | st.none(),
    "labelKeys": st.lists(words, max_size=2).map(tuple) | st.none(),
    "custom.some": json_values,
}
names = st.sampled_from(sorted(field_values))
keys = st.tuples(ids, st.integers(1, 2))


@st.composite
def edits(draw):
    """One edit of one field."""
    name = draw(names)
    reason = draw(st.sampled_from(["", "one spelling"]))
    told = Provenance(reason, "changes.mapped", {"pairs": [["a", None]]}, "Dana")
    return Edit(name, draw(field_values[name]), draw(field_values[name]), told if reason else NONE)


@st.composite
def differences(draw):
    """One field, three ways."""
    name = draw(names)
    return Difference(name, *(draw(field_values[name]) for _ in range(3)))


@st.composite
def changes(draw, key=None):
    """A change with anything that a change may have."""
    contact_id, step = key or draw(keys)
    return Change(
        contact_id,
        draw(revisions),
        tuple(draw(st.lists(edits(), max_size=2))),
        draw(st.fixed_dictionaries({}, optional=field_values)),
        draw(words),
        step,
        draw(st.integers(1, 2)),
        tuple(draw(st.lists(keys, max_size=2))),
        draw(st.none() | words),
    )


@st.composite
def plans(draw):
    """A plan, each contact once or with both its steps."""
    listed = [draw(changes(key)) for key in draw(st.lists(keys, max_size=3, unique=True))]
    refused = st.builds(Refusal, ids, st.none() | words, words, words)
    risks = st.builds(Risk, st.sampled_from(["primary", "claimed", "loss"]), ids, words, words)
    return Plan(
        draw(words.filter(lambda text: "\ud800" not in text)),
        tuple(listed),
        tuple(draw(st.lists(refused, max_size=2))),
        tuple(draw(st.lists(risks, max_size=2))),
        draw(st.datetimes(timezones=st.just(UTC))),
        draw(st.none() | words),
    )


@st.composite
def contacts(draw):
    """A contact as an answer may hold it."""
    return {**draw(objects), "id": draw(ids), "revision": draw(revisions)}


writes = st.builds(Write, revisions, objects, st.booleans())
answers = st.one_of(
    st.builds(Written, contacts()),
    st.builds(Found, contacts()),
    st.builds(Missing, words),
    st.builds(Stale, words),
    st.builds(SlowDown, st.none() | st.floats(0, 1e6)),
    st.builds(Refused, st.integers(400, 499), words, words, objects, st.none() | words),
    st.builds(Lost, words),
    st.builds(NeverSent, words),
    st.just(Waited()),
)


@st.composite
def asks(draw, key):
    """Anything that may be asked of a change."""
    return draw(
        st.one_of(
            st.just(Read()),
            writes,
            st.builds(Wait, st.integers(1, 9), st.just(Read()) | writes),
            st.builds(Rebase, changes(key)),
            st.just(Resume()),
        )
    )


@st.composite
def outcomes(draw, key, seen=(), carried=()):
    """Any end of a change; `seen` and `carried` are what it may share with what was noted."""
    return Outcome(
        key[0],
        draw(st.sampled_from(Word.__args__)),
        draw(words),
        draw(st.none() | revisions),
        draw(st.none() | revisions),
        draw(words),
        tuple(draw(st.lists(differences(), max_size=2))),
        draw(st.one_of(st.none(), contacts(), *map(st.just, seen))),
        key[1],
        draw(st.one_of(st.none(), changes(key), *map(st.just, carried))),
        tuple(draw(st.lists(differences(), max_size=2))),
    )


@st.composite
def histories(draw, key):
    """What a run may note of one change, in order; only its last note may be an update unsent."""
    noted, seen, carried = [], [], []
    for _ in range(draw(st.integers(0, 3))):
        ask, answer = draw(asks(key)), draw(answers)
        if isinstance(ask, Write):
            noted += [Note(key, ask, None)] * draw(st.integers(0, 1))
        noted.append(Note(key, ask, answer))
        if isinstance(answer, (Written, Found)):
            seen.append(answer.contact)
        if isinstance(ask, Rebase):
            carried.append(ask.change)
    if draw(st.booleans()):
        noted.append(Ended(key, draw(outcomes(key, seen, carried))))
    elif draw(st.booleans()):
        noted.append(Note(key, draw(writes), None))
    return noted
