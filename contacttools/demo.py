"""Demo: the main job on the sandbox, in a terminal: `python -m contacttools.demo`.

It uses public names only, and every step is what an analyst would type in a notebook.
"""

from __future__ import annotations

import pandas as pd

import contacttools as ct

COMPANY = "Larkfield & Moss Ltd"


def main() -> None:
    """Fetch, look, stage, preview, commit, read the report, and take it back."""
    pd.set_option("display.width", 110)
    pd.set_option("display.max_columns", 6)

    _say("1. Connect to the sandbox and fetch: invented people with realistic dirt")
    site = ct.connect()
    contacts = site.fetch()
    print(contacts)

    _say("2. Look: one row per contact; one company, spelled several ways")
    df = contacts.to_frame()
    theirs = df["company"].str.casefold().str.startswith("larkfield", na=False)
    print(df.loc[theirs & (df["company"] != COMPANY), ["name.first", "name.last", "company"]])

    _say("3. Stage: an edited frame, and an edit in code; nothing is written yet")
    df.loc[theirs, "company"] = COMPANY
    stage = ct.Stage(contacts)
    stage.update(df)
    someone = stage.plan().changes[0].contact_id
    stage.add(someone, "phones", {"phone": "2125550188", "countryCode": "US", "tag": "MOBILE"})
    print(stage)

    _say("4. Preview: the plan is the diff, and its id stands for exactly this diff")
    plan = stage.plan()
    print(plan)

    _say("5. Meanwhile a colleague edits one of the same contacts, elsewhere")
    other = plan.changes[-1]
    site.update_contact(other.contact_id, {"company": "Larkfield Moss"}, other.revision)
    print(f"{other.name} now works for Larkfield Moss, at revision {other.revision + 1}")

    _say("6. Commit what was approved, by its id; each contact only at the revision that was seen")
    report = site.commit(plan, approve=plan.id[:7])
    print(report)
    print()
    print(report.to_frame()[["contactId", "outcome", "revisionBefore", "revisionAfter"]])

    _say("7. What somebody else changed as well, three ways; theirs stands")
    print(report.conflicts().drop(columns="contactId").to_string(index=False))

    _say("8. Take it back: undo is a plan like any other")
    undo = report.undo_plan()
    print(site.commit(undo, approve=undo.id[:7]))


def _say(heading: str) -> None:
    print(f"\n{heading}\n{'-' * len(heading)}")


if __name__ == "__main__":
    main()
