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

    _say(
        "1. Connect to the sandbox and fetch: invented people with realistic dirt",
        "site = ct.connect()",
        "contacts = site.fetch()",
    )
    site = ct.connect()
    contacts = site.fetch()
    print(contacts)

    _say(
        "2. Look: one row per contact; one company is spelled in several ways",
        "df = contacts.to_frame()",
        'moss = df["company"].str.casefold().str.startswith("larkfield", na=False)',
    )
    df = contacts.to_frame()
    moss = df["company"].str.casefold().str.startswith("larkfield", na=False)
    print(df.loc[moss & (df["company"] != COMPANY), ["name.first", "name.last", "company"]])

    _say(
        "3. Stage: an edited frame, and an edit in code; nothing is written yet",
        f'df.loc[moss, "company"] = "{COMPANY}"',
        "stage = ct.Stage(contacts)",
        "stage.update(df)",
        'stage.add(wendy, "phones", {"phone": "2125550188", "countryCode": "US", "tag": "MOBILE"})',
    )
    df.loc[moss, "company"] = COMPANY
    stage = ct.Stage(contacts)
    stage.update(df)
    wendy = str(df.index[moss & (df["name.first"] == "Wendy")][0])
    stage.add(wendy, "phones", {"phone": "2125550188", "countryCode": "US", "tag": "MOBILE"})
    print(stage)

    _say(
        "4. Preview: the plan is the diff, and its id stands for exactly this diff",
        "plan = stage.plan()",
        "plan",
    )
    plan = stage.plan()
    print(plan)

    other = plan.changes[-1]
    _say(
        "5. Meanwhile a colleague edits one of the same contacts, elsewhere",
        f'site.update_contact({other.contact_id[:8]}…, {{"company": "Larkfield Moss"}}, '
        f"{other.revision})",
    )
    site.update_contact(other.contact_id, {"company": "Larkfield Moss"}, other.revision)
    print(f"{other.name} now works for Larkfield Moss, at revision {other.revision + 1}")

    _say(
        "6. Commit what was approved, by its id; each contact only at the revision that was seen",
        f'report = site.commit(plan, approve="{plan.id[:7]}")',
        "report",
    )
    report = site.commit(plan, approve=plan.id[:7])
    print(report)
    print()
    print(report.to_frame()[["contactId", "outcome", "revisionBefore", "revisionAfter"]])

    _say("7. What somebody else changed as well; theirs stands", "report.conflicts()")
    print(report.conflicts().drop(columns="contactId").to_string(index=False))

    undo = report.undo_plan()
    _say(
        "8. Take it back: undo is a plan like any other; the colleague's contact is left alone",
        "undo = report.undo_plan()",
        f'site.commit(undo, approve="{undo.id[:7]}")',
    )
    print(site.commit(undo, approve=undo.id[:7]))
    now = site.fetch().to_frame().loc[moss, "company"]
    print("\n".join(f"  {n:>3}  {company}" for company, n in now.value_counts().items()))


def _say(heading: str, *code: str) -> None:
    print(f"\n{heading}\n{'-' * len(heading)}")
    for line in code:
        print(f">>> {line}")


if __name__ == "__main__":
    main()
