"""People and plans for the simulation: the same seed gives the same ones."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import contacttools as ct
from contacttools.contact import fields, merge
from contacttools.snapshot.contacts import Definitions

LABELS = {"custom.vip": "VIP", "custom.press": "Press", "custom.old": "Old"}
FIELDS = ("custom.nickname", "custom.colour")
LISTED = ("emails", "phones", "addresses")
SEEN_AT = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


def contact(draw, n):
    """Return one invented contact in the service's shape."""
    contact_id = f"c{n:03}"
    info = {"name": {"first": f"First{n}", "last": f"Last{n}"}}
    if draw.random() < 0.8:
        info["company"] = draw.choice(("Old Ltd", "Other Ltd"))
    if draw.random() < 0.5:
        info["jobTitle"] = "Buyer"
    emails = [
        {"id": f"e{n}-{k}", "tag": draw.choice(("UNTAGGED", "WORK")),
         "email": f"person{n}.{k}@example.com", "primary": k == 0}
        for k in range(draw.choice((0, 1, 1, 2)))
    ]  # fmt: skip
    phones = [
        {"id": f"p{n}-{k}", "tag": "HOME", "countryCode": "US",
         "phone": f"212555{n:02}{k}{draw.randrange(10)}", "primary": k == 0}
        for k in range(draw.choice((0, 1, 2)))
    ]  # fmt: skip
    for name, items in (("emails", emails), ("phones", phones)):
        if items:
            info[name] = {"items": items}
    if draw.random() < 0.4:
        info["labelKeys"] = {"items": draw.sample(sorted(LABELS), 2)}
    custom = {key: f"{key} {n}" for key in FIELDS if draw.random() < 0.5}
    names = {"contacts.displayByFirstName": f"First{n} Last{n}"}
    info["extendedFields"] = {"items": {**names, **custom}}
    return {
        "id": contact_id,
        "revision": draw.randrange(1, 9),
        "source": {"sourceType": "ADMIN", "appId": "manual"},
        "createdDate": f"2025-01-01T00:00:{n % 60:02}.000Z",
        "updatedDate": "2025-02-01T00:00:00.000Z",
        "lastActivity": {"activityDate": "2025-01-01T00:00:00.000Z",
                         "activityType": "CONTACT_CREATED"},
        "info": info,
    }  # fmt: skip


def plan(seed, n, site_id):
    """Return a snapshot of n contacts and a plan over most of them."""
    draw = random.Random(f"people {seed}")
    contacts = ct.Contacts(
        [contact(draw, k) for k in range(n)],
        site_id=site_id,
        fetched_at=SEEN_AT,
        definitions=Definitions(
            dict(LABELS), {key: fields.extended(key, "TEXT", key) for key in FIELDS}
        ),
    )
    stage = ct.Stage(contacts, who="Dana")
    ids = list(contacts)
    for contact_id in ids:
        for _ in range(draw.choice((0, 1, 1, 2, 3))):
            gesture(draw, stage, contact_id)
    with_mail = [each for each in ids if stage.value(each, "emails")]
    if len(with_mail) > 3 and draw.random() < 0.6:
        exchange(draw, stage, draw.sample(with_mail, draw.choice((2, 2, 3))))
    return contacts, at_one_time(stage.plan())


def at_one_time(plan):
    """Return a plan whose edits were all staged at one moment: a seed gives it again."""
    when = f"{SEEN_AT:%Y-%m-%dT%H:%M:%SZ}"
    changes = (
        replace(
            change,
            edits=tuple(
                replace(edit, provenance=replace(edit.provenance, when=when))
                for edit in change.edits
            ),
        )
        for change in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def exchange(draw, stage, ids):
    """Let contacts pass their primary e-mails round."""
    mails = [merge.primary(stage.value(each, "emails"))["email"] for each in ids]
    for contact_id, mail in zip(ids, mails[1:] + mails[:1], strict=True):
        stage.edit(contact_id, {"email": mail})


def gesture(draw, stage, contact_id):  # noqa: C901 - one branch a gesture
    """Edit one contact in one way."""
    kind = draw.choice(
        ("company", "jobTitle", "clear", "last", "email", "phone", "add", "remove", "label",
         "custom", "address")
    )  # fmt: skip
    word = f"Planned {draw.randrange(1, 4)}"
    phones = stage.value(contact_id, "phones") or ()
    match kind:
        case "company" | "jobTitle":
            stage.edit(contact_id, {kind: word})
        case "clear":
            stage.edit(contact_id, {"company": None})
        case "last":
            stage.edit(contact_id, {"name.last": word})
        case "email":
            mail = f"new.{contact_id}.{draw.randrange(1000)}@example.com"
            stage.edit(contact_id, {"email": mail})
        case "phone":
            stage.edit(contact_id, {"phone": f"21255599{draw.randrange(10, 99)}"})
        case "add":
            number = f"2125558{draw.randrange(100, 999)}"
            stage.add(contact_id, "phones", {"phone": number, "countryCode": "US"})
        case "remove" if phones:
            stage.remove(contact_id, "phones", draw.choice(phones)["id"])
        case "label":
            key = draw.choice(sorted(LABELS))
            held = stage.value(contact_id, "labelKeys") or ()
            stage.label(contact_id, **{"remove" if key in held else "add": [key]})
        case "custom":
            stage.edit(contact_id, {draw.choice(FIELDS): word})
        case "address":
            stage.add(contact_id, "addresses", {"addressLine": word, "city": "Exampleton"})
        case _:
            pass


def items_changed(name, before, after):
    """Return the items that left a list and those that came, as the service would store them."""
    listing = fields.LISTS[name]
    old, new = (
        Counter(merge._stored_item(listing, {**item, "primary": False}) for item in items or ())
        for items in (before, after)
    )
    return Counter({("left", each): n for each, n in (old - new).items()}) + Counter(
        {("came", each): n for each, n in (new - old).items()}
    )
