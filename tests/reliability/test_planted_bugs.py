"""Would the simulation notice? Each bug is planted in a copy of the package, and must be caught.

A planted bug is one piece of text in the place of another. The copy runs in a process of its own,
over the seeds that are known to show the bug and then over many others.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reliability.figures import FULL, record

ROOT = Path(__file__).parents[2]

COMMIT = "contacttools/committing/commit.py"
COURSE = "contacttools/committing/course.py"
REBASING = "contacttools/committing/rebasing.py"
MERGE = "contacttools/contact/merge.py"
BOOK = "contacttools/journal/book.py"
STORY = "contacttools/journal/story.py"

#: What is planted: a name, the file, the text there, and the text in its place.
BUGS = {
    "half of ours is called theirs": (
        COMMIT,
        "    return bool(moved) and not any(",
        "    return bool(moved) or not any(",
    ),
    "what the service ignores is sent for ever": (
        COMMIT,
        "    if story.ignored:\n",
        "    if story.ignored and story.sends > 99:\n",
    ),
    "a note that is not on the disk yet": (
        BOOK,
        "self._add([self._record(entry) for entry in entries])",
        (
            "late = vars(self).get('late', [])\n"
            "                vars(self)['late'] = [self._record(entry) for entry"
            " in entries]\n"
            "                self._add(late)"
        ),
    ),
    "sent before it is written down": (
        COURSE,
        "            self._entries.append(Note(op.change.key, ask, None))\n",
        "            pass\n",
    ),
    "a value counts only letter by letter": (
        MERGE,
        'allowing for how it rewrites values."""\n',
        'allowing for how it rewrites values."""\n    return bool(wanted == held)\n',
    ),
    "what a change needs is not waited for": (
        COURSE,
        "missing = [key for key in change.needs if key not in self.outcomes]",
        "missing = []",
    ),
    "what was needed and failed is no matter": (
        COURSE,
        "if self.outcomes[key].outcome not in _GOOD]",
        "if self.outcomes[key].outcome == 'nothing']",
    ),
    "a gap hides nothing": (
        COMMIT,
        "if story.left and (steps > 1 or not _somebody_elses(change, contact)):",
        "if story.left and not _somebody_elses(change, contact):",
    ),
    "carried while it may have been ours": (
        COMMIT,
        "if story.left and (steps > 1 or not _somebody_elses(change, contact)):",
        "if story.left and steps > 99:",
    ),
    "another body at the same revision": (
        COMMIT,
        (
            "if story.refusal is None and story.sends < SENDS and not changed:\n"
            "        return _write(change)"
        ),
        (
            "if story.refusal is None and story.sends < SENDS and not changed:\n"
            "        return Write(change.revision, {**change.info(), 'jobTitle':"
            " 'Again'})"
        ),
    ),
    "whoever answers is who was asked": (
        COMMIT,
        'case Found(contact) if contact["id"] != story.change.contact_id:',
        "case Found(contact) if contact is None:",
    ),
    "read again and write over it": (
        COMMIT,
        "carried = carry(story.change, contact)",
        (
            "carried = __import__('dataclasses').replace(story.change,"
            " revision=contact['revision'], base=wire.values(contact))"
        ),
    ),
    "a stale revision is sent again": (
        COMMIT,
        (
            "        case SlowDown():\n"
            '            return _again(story, "the service had no capacity")'
        ),
        ('        case SlowDown() | Stale():\n            return _again(story, "had no capacity")'),
    ),
    "an item of theirs is dropped": (
        REBASING,
        (
            "merge.settle(edit.field, held, merged)\n"
            "        if isinstance(after, Clash) or not _as_shown(edit, held, after):"
        ),
        "merge.settle(edit.field, held, edit.after)\n        if isinstance(after, Clash):",
    ),
    "taken up without a look at what was sent": (
        STORY,
        "self.seen.append((self.thread.asked, Lost(UNANSWERED)))",
        "pass",
    ),
}


def planted(name, folder):
    """Copy the package with a bug in it; return where it is."""
    file, old, new = BUGS[name]
    shutil.copytree(ROOT / "contacttools", folder / "contacttools")
    source = (folder / file).read_text(encoding="utf-8")
    assert 1 == source.count(old), f"{name}: the text is not there once"
    (folder / file).write_text(source.replace(old, new), encoding="utf-8")
    return folder


HUNT = """
import sys
from reliability.simulation import simulate, Violation
for seed in map(int, sys.argv[1:]):
    try:
        simulate(seed)
    except Exception as error:
        print(seed, type(error).__name__, error)
        sys.exit(3)
"""


def hunted(folder, seeds):
    """Run seeds over a planted copy; return the first that fails and how, or None."""
    paths = os.pathsep.join([str(folder), str(ROOT / "tests")])
    ran = subprocess.run(
        [sys.executable, "-c", HUNT, *map(str, seeds)],
        cwd=folder,  # or the package of this checkout would come first
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 3), ran.stderr
    return ran.stdout.strip() or None


KNOWN = json.loads((Path(__file__).parent / "planted_bugs.json").read_text())


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name, tmp_path, capsys):
    """The seeds that are known to show it still do; else it is hunted for among many more."""
    folder = planted(name, tmp_path)
    seeds = [KNOWN[name]] if name in KNOWN else []
    found = hunted(folder, seeds) if seeds else None
    if found is None and FULL:
        found = hunted(folder, range(200_000, 220_000))
    record(capsys, "planted bug", bug=name, caught=found)
    assert found, f"{name} is not caught"
