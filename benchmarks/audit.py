"""How many planted defects the audit finds, and how much of what it finds was planted.

    make bench-audit

The sandbox's people carry defects that are known by name. Each is set beside the rule that is
about it, contact by contact: recall is the share of planted ones that the rule found, precision
the share of what it found that was planted.
"""

from __future__ import annotations

import contacttools as ct
from contacttools import sandbox
from contacttools.sandbox.people import invented

PEOPLE, SEEDS = 2000, (1, 2, 3)

#: The rule that is about each defect, and what keeps it from finding all of it, or only it.
RULES = {
    "name_in_capitals": ("name_capitals", ""),
    "name_in_lower_case": ("name_capitals", ""),
    "blanks_around_name": ("spaces", "companies are planted with a space at the end as well"),
    "names_swapped": ("names_swapped", "tells only names that others here have"),
    "whole_name_in_first": ("whole_name_in_first", ""),
    "name_missing": ("name_missing", "people of whom only a phone is known have no name either"),
    "company_spelled_otherwise": ("company_spelling", ""),
    "email_in_capitals": ("email_spelling", ""),
    "email_with_typo": ("email_invalid", "a letter that was lost leaves an address"),
    "role_address": ("role_address", ""),
    "phone_in_other_notation": ("phone_notation", "the usual notations are not E.164 either"),
    "country_missing": ("phone_country_missing", ""),
    "placeholder_birthdate": ("birthdate_impossible", ""),
    "duplicate_person": ("email_shared", "both of a pair are found, one was planted"),
    "shared_office_number": ("phone_shared", "numbers are few: people share them by chance"),
}


def main() -> None:
    """Print the table."""
    planted: dict[str, set[tuple[int, str]]] = {name: set() for name in RULES}
    found: dict[str, set[tuple[int, str]]] = {}
    for seed in SEEDS:
        with sandbox.start(people=PEOPLE, seed=seed) as server:
            site = ct.connect(
                base_url=server.url, api_key=server.api_key, site_id=server.site_id,
                requests_per_minute=None,
            )  # fmt: skip
            contacts = site.fetch()
        people = invented.planted(PEOPLE, seed)
        for contact_id, (person, defects) in zip(contacts, people, strict=True):
            held = contacts[contact_id]["info"].get("name", {})
            assert held == person.contact["info"].get("name", {}), contact_id
            for name in defects:
                planted.setdefault(name, set()).add((seed, contact_id))
        for row in ct.audit(contacts).to_frame().itertuples():
            found.setdefault(row.rule, set()).add((seed, row.contactId))
    about: dict[str, set[tuple[int, str]]] = {}
    for name, (rule, _) in RULES.items():
        about.setdefault(rule, set()).update(planted[name])
    print(f"{'defect':<27}{'rule':<23}{'planted':>8}{'recall':>8}{'precision':>11}")
    for name, (rule, why) in RULES.items():
        hits = found.get(rule, set())
        recall = len(planted[name] & hits) / max(1, len(planted[name]))
        precision = len(about[rule] & hits) / max(1, len(hits))
        print(f"{name:<27}{rule:<23}{len(planted[name]):>8}{recall:>8.3f}{precision:>11.3f}  {why}")


if __name__ == "__main__":
    main()
