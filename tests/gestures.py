"""Gestures an analyst may make, on a stage and on a plain dict beside it, which is the oracle."""

import copy
import itertools
import re
from collections import Counter

import pandas as pd
from hypothesis import strategies as st

from contacttools.errors import StagingError

LISTS = {
    "emails": ("tag", "email", "primary"),
    "phones": ("tag", "countryCode", "phone", "primary"),
    "addresses": (),
}
_fresh = itertools.count(1)

words = st.sampled_from(
    ["Ada", "Åse", "O'Neil", "李", "ß", "a" * 1000, "=1+1", "<b>x</b>", "tab\there", "  padded "]
)
KINDS = [
    *("scalar", "clear", "email", "phone", "number", "label", "address", "bad"),
    *("add", "remove", "retag", "primary", "unstage", "undo", "redo"),
    *("wide", "tidy", "tidy-add", "tidy-remove"),
]
gestures = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 10**6), words), min_size=1, max_size=14
)


def held(document):
    """Return what a person could have set of a contact, by a reading of our own."""
    info = document["info"]
    kept = {
        "name.first": info.get("name", {}).get("first"),
        "name.last": info.get("name", {}).get("last"),
        **{key: info.get(key) for key in ("company", "jobTitle", "birthdate", "locale")},
        "labels": frozenset(info.get("labelKeys", {}).get("items", [])),
    }
    for name, members in LISTS.items():
        items = info.get(name, {}).get("items", [])
        if members:
            kept[name] = Counter(
                tuple(_as_stored(member, item.get(member)) for member in members) for item in items
            )
        else:
            kept[name] = Counter(
                (item.get("tag"), *(item["address"].get(k) for k in ("addressLine", "city")))
                for item in items
            )
    extended = info.get("extendedFields", {}).get("items", {})
    kept |= {key: value for key, value in extended.items() if key.startswith("custom.")}
    return {key: value for key, value in kept.items() if value not in (None, Counter())}


def _as_stored(member, value):
    """Phones are reformatted when a list is written again; their digits stay."""
    return re.sub(r"[^+0-9]", "", value) if member == "phone" else value


class Model:
    """The intended state of every contact, kept as the service would show it."""

    def __init__(self, contacts):
        self.documents = {contact_id: contacts[contact_id] for contact_id in contacts}
        self.own = copy.deepcopy(self.documents)
        self.past, self.future = [], []

    def _step(self):
        self.past.append(copy.deepcopy(self.documents))
        self.future.clear()

    def change(self, contact_id, edit):
        """Make one edit; a step of its own when it changes anything."""
        before = copy.deepcopy(self.documents)
        edit(self.documents[contact_id]["info"])
        if self.differs(before):
            self.past.append(before)
            self.future.clear()

    def differs(self, before):
        return any(held(before[each]) != held(self.documents[each]) for each in before)

    def undo(self):
        if self.past:
            self.future.append(self.documents)
            self.documents = self.past.pop()

    def redo(self):
        if self.future:
            self.past.append(self.documents)
            self.documents = self.future.pop()


def items_of(info, name):
    """Return the items of a list wrapper, made where it is missing."""
    return info.setdefault(name, {}).setdefault("items", [])


def settle(info, name):
    """Make the first item primary where none is, as the service does."""
    items = items_of(info, name)
    if items and not any(item.get("primary") for item in items):
        items[0]["primary"] = True


def make(gesture, stage, model):  # noqa: C901, PLR0912, PLR0915 - one branch a gesture
    """Make one gesture on both sides."""
    what, n, word = gesture
    ids = list(model.documents)
    contact_id = ids[n % len(ids)]
    info = model.documents[contact_id]["info"]
    fresh = f"fresh{next(_fresh)}@example.com"
    # Lines nobody has: seven digits are no valid number, so no E.164 can collide.
    number = f"{5550000 + next(_fresh)}"
    listed = ("emails", "phones")[n % 2]
    items = items_of(info, listed)
    item = items[n % len(items)] if items else None

    def set_scalar(name, value):
        def edit(target):
            holder, key = (
                (target.setdefault("name", {}), name.split(".")[1])
                if "." in name
                else (target, name)
            )
            holder[key] = value

        return edit

    match what:
        case "scalar" | "clear":
            name = ("name.first", "name.last", "company", "jobTitle")[n % 4]
            value = word if what == "scalar" else None
            stage.edit(contact_id, {name: value})
            model.change(contact_id, set_scalar(name, value))
        case "number":
            stage.edit(contact_id, {"custom.customer-number": n})
            model.change(
                contact_id,
                lambda target: (
                    target.setdefault("extendedFields", {})
                    .setdefault("items", {})
                    .update({"custom.customer-number": n})
                ),
            )
        case "email" | "phone":
            table, value = ("emails", fresh) if what == "email" else ("phones", number)
            stage.edit(contact_id, {what: value})

            def edit(target):
                listing = items_of(target, table)
                chosen = next((i for i in listing if i.get("primary")), None)
                if chosen is None:
                    listing.append({"tag": "UNTAGGED", what: value, "primary": True})
                else:
                    chosen[what] = value

            model.change(contact_id, edit)
        case "add":
            new = {"tag": "WORK", **({"email": fresh} if listed == "emails" else {"phone": number})}
            stage.add(contact_id, listed, new)

            def edit(target):
                items_of(target, listed).append({**new, "primary": False})
                settle(target, listed)

            model.change(contact_id, edit)
        case "address":
            stage.add(contact_id, "addresses", {"addressLine": word, "city": "Exampleton"})
            model.change(
                contact_id,
                lambda target: items_of(target, "addresses").append(
                    {"tag": "UNTAGGED", "address": {"addressLine": word, "city": "Exampleton"}}
                ),
            )
        case "remove" | "retag" | "primary" if item is not None and "id" in item:
            if what == "remove":
                stage.remove(contact_id, listed, item["id"])
            elif what == "retag":
                stage.edit_item(contact_id, listed, item["id"], {"tag": "HOME"})
            else:
                stage.make_primary(contact_id, listed, item["id"])

            def edit(target):
                listing = items_of(target, listed)
                chosen = next(i for i in listing if i.get("id") == item["id"])
                if what == "remove":
                    listing.remove(chosen)
                    settle(target, listed)
                elif what == "retag":
                    chosen["tag"] = "HOME"
                else:
                    for each in listing:
                        each["primary"] = each is chosen

            model.change(contact_id, edit)
        case "label":
            known = sorted(key for key in stage.contacts.definitions.labels if "custom" in key)
            key = known[n % len(known)]
            off = n % 3 == 0
            stage.label([contact_id], **({"remove": [key]} if off else {"add": [key]}))

            def edit(target):
                held_keys = items_of(target, "labelKeys")
                if off and key in held_keys:
                    held_keys.remove(key)
                elif not off and key not in held_keys:
                    held_keys.append(key)

            model.change(contact_id, edit)
        case "wide":
            frame = stage.to_frame().sample(frac=1, random_state=n % 1000)
            frame.loc[contact_id, "company"] = word
            stage.update(frame)
            model.change(contact_id, set_scalar("company", word))
        case "tidy" if item is not None and "id" in item:
            frame = stage.to_frame(listed)
            frame.loc[frame.itemId == item["id"], "tag"] = "MAIN"
            stage.update(frame, listed)

            def edit(target):
                next(i for i in items_of(target, listed) if i.get("id") == item["id"])["tag"] = (
                    "MAIN"
                )

            model.change(contact_id, edit)
        case "tidy-add":
            value = "email" if listed == "emails" else "phone"
            row = {"contactId": contact_id, value: fresh if listed == "emails" else number}
            frame = stage.to_frame(listed)
            attrs = frame.attrs
            frame = pd.concat([frame, pd.DataFrame([row])], ignore_index=True)
            frame.attrs = attrs
            stage.update(frame, listed)

            def edit(target):
                new = {"tag": "UNTAGGED", value: row[value], "primary": False}
                items_of(target, listed).append(new)
                settle(target, listed)

            model.change(contact_id, edit)
        case "tidy-remove" if item is not None and "id" in item:
            frame = stage.to_frame(listed)
            stage.update(frame[frame.itemId != item["id"]], listed, remove_missing=True)

            def edit(target):
                listing = items_of(target, listed)
                listing[:] = [each for each in listing if each.get("id") != item["id"]]
                settle(target, listed)

            model.change(contact_id, edit)
        case "undo":
            stage.undo()
            model.undo()
        case "redo":
            stage.redo()
            model.redo()
        case "unstage":
            stage.unstage(contact_id)

            def edit(target):
                target.clear()
                target.update(copy.deepcopy(model.own[contact_id]["info"]))

            model.change(contact_id, edit)
        case "bad":
            for wrong in ({"company": ""}, {"birthdate": "1999-02-30"}, {"revision": 1}):
                try:
                    stage.edit(contact_id, {"company": word, **wrong})
                except StagingError:
                    continue
                raise AssertionError(wrong)
