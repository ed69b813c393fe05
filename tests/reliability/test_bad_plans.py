"""Plans that somebody changed and sealed again: refused, or shown and written as shown.

A seal stops accidents, no forger: it can be made anew by anybody. So whatever a file says, either
it is no plan, in words, or what it writes is what its preview shows, and nothing else.
"""

import copy
import json
from collections import Counter
from random import Random

from reliability.figures import FULL, record
from served import site_at

import contacttools as ct
from contacttools import sandbox
from contacttools.contact import merge, wire
from contacttools.errors import ContactToolsError
from contacttools.planning import plan as planning
from contacttools.planning import planfile

COUNT = 5_000 if FULL else 150

NASTY = [
    None, True, False, 0, -1, 1, 2, 1e308, 2**70, "", " ", "x" * 2_000, "\0", "\ud800", "../labels",
    "a\nb", "\u202e", [], {}, [[]], [None], [{}], {"id": "x"}, [{"email": "forged@example.com"}],
    [{"phone": "5550100", "tag": "NONE"}], "2999-01-01T00:00:00+00:00", "2026-01-01", "name.first",
    "custom.nothing", "emails", "revision", "id",
]  # fmt: skip


def staged(site, chance):
    """Return a plan that edits a few contacts in every way there is."""
    contacts = site.fetch()
    stage = ct.Stage(contacts)
    for contact_id in chance.sample(list(contacts), 4):
        n = chance.randrange(10_000)
        stage.edit(contact_id, {"company": f"Forged {n}", "name.first": f"First{n}"})
        mails = stage.value(contact_id, "emails") or ()
        if len(mails) > 3:
            stage.remove(contact_id, "emails", mails[-1]["id"])
        elif chance.random() < 0.5:
            stage.add(contact_id, "emails", {"email": f"e{n}@example.org"})
        if chance.random() < 0.5:
            stage.label(contact_id, add=chance.choice(sorted(contacts.definitions.labels)))
    return stage.plan()


def places(value, way=()):
    """Yield the way to every value of a document, by keys and numbers."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, each in members:
        yield (*way, key)
        yield from places(each, (*way, key))


def damage(body, chance):
    """Change a document at one place: another value, none, twice, or another's."""
    ways = [way for way in places(body) if way[0] not in ("format", "version", "signature")]
    way = chance.choice(ways)
    holder = body
    for key in way[:-1]:
        holder = holder[key]
    match chance.randrange(5):
        case 0:
            del holder[way[-1]]
        case 1 if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[way[-1]]))
        case 2:
            other = body
            for key in chance.choice(ways):
                other = other[key]
            holder[way[-1]] = copy.deepcopy(other)
        case 3 if isinstance(holder[way[-1]], str):
            holder[way[-1]] += chance.choice("xé\n<")
        case _:
            holder[way[-1]] = copy.deepcopy(chance.choice(NASTY))
    return way[0]


def forged(body):
    """Return the file of a document, sealed, under the id that it would have."""
    try:
        stored = planfile.StoredPlan.model_validate_json(
            json.dumps({**body, "sha256": ""}, ensure_ascii=True)
        )
        changes = tuple(planning._stored_change(each) for each in stored.changes)
        body = body | {"id": ct.Plan(stored.site_id, changes).id}
    except (ValueError, TypeError, KeyError, AttributeError):
        pass  # it is none by its form
    members = {name: value for name, value in body.items() if name not in ("format", "version")}
    signed = members.pop("signature", "")
    return planfile.sealed(signed if isinstance(signed, str) else "", **members)


def unseen(plan, before, after):
    """Return what was stored and not shown: contact, field and value."""
    shown = {(each.contact_id, edit.field) for each in plan.changes for edit in each.edits}
    wanted = {
        (each.contact_id, edit.field): edit.after for each in plan.changes for edit in each.edits
    }
    found = []
    for contact_id in after:
        was, now = (wire.values(each[contact_id]) for each in (before, after))
        for name in {*was, *now}:
            if was.get(name) == now.get(name):
                continue
            key = contact_id, name
            if key not in shown or not merge.stored_as(name, wanted[key], now.get(name)):
                found.append((contact_id, name, now.get(name)))
    return found


def test_what_a_forged_plan_writes_is_what_it_shows(tmp_path, capsys):
    """Whatever stands in the file, no crash, no change unseen, and nobody else's contact."""
    told, where = Counter(), Counter()
    path = tmp_path / "plan.json"
    with sandbox.start(people=16, seed=8) as server, site_at(server) as site:
        for seed in range(COUNT):
            chance = Random(f"bad plans {seed}")
            staged(site, chance).save(path)
            body = json.loads(path.read_text())
            del body["sha256"]
            for _ in range(chance.choice((1, 1, 2, 3))):
                where[damage(body, chance)] += 1
            path.write_bytes(forged(body))
            try:
                plan = ct.Plan.load(path)
            except ct.BadPlan:
                told["no plan"] += 1
                continue
            assert repr(plan)
            assert plan._repr_html_()
            plan.to_frame()
            before = site.fetch()
            try:
                report = site.commit(plan, plan.id)
            except ContactToolsError as error:
                told[type(error).__name__] += 1
            else:
                assert repr(report)
                assert report._repr_html_()
                told.update(each.outcome for each in report.outcomes)
            assert [] == unseen(plan, before, site.fetch()), seed
    record(capsys, "bad plans", count=COUNT, told=told, damaged=where)
    assert told["no plan"] > COUNT / 4
    assert told["applied"] > COUNT / 4
    assert told["refused"]


def test_every_changed_byte_of_a_plan_is_refused(tmp_path):
    """Another byte, one less, one more, at any place."""
    path = tmp_path / "plan.json"
    with sandbox.start(people=16, seed=8) as server, site_at(server) as site:
        staged(site, Random(1)).head(1).save(path)
    content = path.read_bytes()
    for n in range(0, len(content), 1 if FULL else 23):
        for other in (
            bytes([content[n] ^ 1]) + content[n + 1 :],
            content[n + 1 :],
            content[n : n + 1] + content[n:],
        ):
            path.write_bytes(content[:n] + other)
            try:
                ct.Plan.load(path)
            except ct.BadPlan:
                continue
            raise AssertionError(n)
