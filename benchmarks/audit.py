"""How much of what is wrong the audit finds, and how much of what it finds is wrong.

    make bench-audit

The sandbox's people carry defects that are known by name, but a later one may take an earlier one
away, two may make a third, and chance makes some as well. So each rule is judged by a statement of
its own of what is wrong with a contact as it is now: a few plain words of Python that share nothing
with the rules, and the lists that the people were made from. Recall is the share of these contacts
that the rule finds; precision is the share of what it finds that may be called so. Where either is
below 0.95, the reason stands beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import contacttools as ct
from contacttools import sandbox
from contacttools.sandbox.people import invented, words

PEOPLE, SEEDS = 2000, (1, 2, 3)

#: The rule that each planted defect is for.
PLANTED = {
    "name_in_capitals": "name_capitals",
    "name_in_lower_case": "name_capitals",
    "blanks_around_name": "spaces",
    "names_swapped": "names_swapped",
    "whole_name_in_first": "whole_name_in_first",
    "name_missing": "name_missing",
    "phone_only": "name_missing",
    "company_spelled_otherwise": "company_spelling",
    "email_in_capitals": "email_spelling",
    "email_with_typo": "email_invalid",
    "role_address": "role_address",
    "phone_in_other_notation": "phone_notation",
    "country_missing": "phone_country_missing",
    "placeholder_birthdate": "birthdate_impossible",
    "duplicate_person": "email_shared",
    "shared_office_number": "phone_shared",
}

#: Why a figure is below 0.95.
REASONS = {
    "email_invalid": "a letter lost or exchanged leaves an address like any other",
    "email_bounced": "the service says so of some addresses; nothing else is known of them",
    "phone_twice": "by chance, of the few numbers that there are",
}


class Held:
    """A contact as the service sends it, in the few words that the statements need."""

    def __init__(self, document) -> None:
        info = document["info"]
        self.first, self.last = (info.get("name", {}).get(key) or "" for key in ("first", "last"))
        self.names = [each for each in (self.first, self.last) if each]
        self.company = info.get("company") or ""
        self.emails = [e["email"] for e in info.get("emails", {}).get("items", [])]
        self.phones = [
            (e["phone"], e.get("countryCode")) for e in info.get("phones", {}).get("items", [])
        ]
        self.addresses = info.get("addresses", {}).get("items", [])
        self.birthdate = info.get("birthdate")

    def mail(self):
        """Return the addresses, each once."""
        return {each.strip().lower() for each in self.emails}

    def dialled(self):
        """Return the numbers as digits, each once, where they are sure in any notation."""
        return {dialled(*each) for each in self.phones if is_sure(*each) and "ext" not in each[0]}

    def endings(self):
        """Return the last eight digits of each number."""
        return {dialled(number, country)[1][-8:] for number, country in self.phones}


def dialled(number, country):
    """Return the digits of a number after its country's code, without the zero for calls within."""
    digits = "".join(sign for sign in number.split("ext")[0] if sign.isdigit())
    code = str(words.CALLING_CODES.get(country, ""))
    if number.strip().startswith("+") or digits.startswith("00"):
        digits = digits.removeprefix("00").removeprefix(code)
    return code, digits.removeprefix("0")


def spelled(name):
    """Return a name in small letters, with a space for each that stands in it."""
    return " ".join(name.split()).casefold()


FIRST = {spelled(name) for _, each in words.CULTURES for name in each.firsts}
LAST = {spelled(name) for _, each in words.CULTURES for name in each.lasts}
COMPANIES = {name for name, _ in words.COMPANIES}
#: How mobile numbers begin that two countries keep for fiction; the others' are like any other.
UNGIVEN = {"GB": "7700900", "FR": "63998"}


def is_cased(name):
    """Say whether a name is wholly in capitals or in small letters."""
    return len(name.strip()) > 1 and (name.isupper() or name.islower())


def is_written(number):
    """Say whether a number is in E.164, or has an extension, for which that has no place."""
    return (number.startswith("+") and number[1:].isdigit()) or "ext" in number


def is_ungiven(number, country):
    """Say whether a number is of those that are kept for fiction, and so never given out."""
    return dialled(number, country)[1].startswith(UNGIVEN.get(country, "none"))


def is_sure(number, country):
    """Say whether a number's country is known, and could have given it out."""
    return bool(country) and not is_ungiven(number, country)


def is_shared(kept, own):
    """Say whether any of a contact's own things are another's too."""
    return any(kept[each] > 1 for each in own)


#: What is wrong with a contact, said independently of the rules: by rule, what it should find, and
#: what it may find where that is more.
STATEMENTS = {
    "name_capitals": lambda held, _: any(map(is_cased, held.names)),
    "spaces": lambda held, _: any(
        each != " ".join(each.split()) for each in (*held.names, held.company)
    ),
    "names_swapped": lambda held, _: (
        spelled(held.first) in LAST - FIRST and spelled(held.last) in FIRST - LAST
    ),
    "whole_name_in_first": lambda held, _: (
        spelled(held.first) not in FIRST | LAST
        and any(spelled(held.first).endswith(f" {each}") for each in FIRST | LAST)
        and (not held.last or spelled(held.first).endswith(spelled(held.last)))
    ),
    "name_missing": lambda held, _: not (held.first and held.last),
    "company_spelling": lambda held, _: bool(held.company) and held.company not in COMPANIES,
    "email_spelling": lambda held, _: any(
        each != each.lower().strip() and "," not in each for each in held.emails
    ),
    "email_invalid": lambda held, _: any("," in each for each in held.emails),
    "role_address": lambda held, _: any(
        each.split("@")[0].strip().lower() in words.ROLES for each in held.emails
    ),
    "phone_notation": lambda held, _: any(
        is_sure(*each) and not is_written(each[0]) for each in held.phones
    ),
    "phone_extension": lambda held, _: any(
        is_sure(*each) and "ext" in each[0] for each in held.phones
    ),
    "phone_invalid": lambda held, _: any(is_ungiven(*each) for each in held.phones),
    "phone_country_missing": lambda held, _: any(
        not country and not number.startswith(("+", "00")) for number, country in held.phones
    ),
    "birthdate_impossible": lambda held, _: held.birthdate == "1900-01-01",
    "no_way_to_reach": lambda held, _: not (held.emails or held.phones or held.addresses),
    "email_shared": lambda held, all_: is_shared(all_.emails, held.mail()),
    "phone_shared": lambda held, all_: is_shared(all_.phones, held.dialled()),
}
MAY = {
    "phone_notation": lambda held, _: any(not is_written(number) for number, _ in held.phones),
    "phone_extension": lambda held, _: any("ext" in number for number, _ in held.phones),
    "phone_invalid": lambda held, _: any(
        begins in dialled(*each)[1] for each in held.phones for begins in UNGIVEN.values()
    ),
    "phone_shared": lambda held, all_: is_shared(all_.endings, held.endings()),
}


class All:
    """How many contacts have each e-mail address and number."""

    def __init__(self, people) -> None:
        self.emails = Counter(each for held in people for each in held.mail())
        self.phones = Counter(each for held in people for each in held.dialled())
        self.endings = Counter(each for held in people for each in held.endings())


def judged(seed, planted, should, may):
    """Count what is planted and what is wrong in one site; return what the audit finds there."""
    with sandbox.start(people=PEOPLE, seed=seed) as server:
        site = ct.connect(
            base_url=server.url, api_key=server.api_key, site_id=server.site_id,
            requests_per_minute=None,
        )  # fmt: skip
        contacts = site.fetch()
    held = {(seed, contact_id): Held(contacts[contact_id]) for contact_id in contacts}
    everybody = All(held.values())
    for who, (_, defects) in zip(held, invented.planted(PEOPLE, seed), strict=True):
        planted.update({PLANTED[name] for name in defects})
        if "email_with_typo" in defects and "role_address" not in defects:
            should["email_invalid"].add(who)  # though most of them are addresses
    for rule, statement in STATEMENTS.items():
        also = MAY.get(rule, statement)
        should[rule] |= {who for who, each in held.items() if statement(each, everybody)}
        may[rule] |= {who for who, each in held.items() if also(each, everybody)}
    return ct.audit(contacts)


def main() -> None:
    """Print the table."""
    planted, should, may, found = Counter(), defaultdict(set), defaultdict(set), defaultdict(set)
    for seed in SEEDS:
        findings = judged(seed, planted, should, may)
        for row in findings.to_frame().itertuples():
            found[row.rule].add((seed, row.contactId))
    print(f"{len(SEEDS)} x {PEOPLE:,} people; contacts are counted, not single findings")
    print(f"{'rule':<24}{'planted':>8}{'wrong':>8}{'found':>8}{'recall':>8}{'precision':>11}")
    for rule in sorted(findings.rules, key=lambda name: (name not in STATEMENTS, name)):
        hits, wrong = found[rule], should[rule]
        print(f"{rule:<24}{planted[rule] or 'none':>8}", end="")
        if rule not in STATEMENTS:
            print(f"{'':>8}{len(hits):>8}{'':>19}  {REASONS.get(rule, '')}".rstrip())
            continue
        recall = len(wrong & hits) / max(1, len(wrong))
        precision = len(may[rule] & hits) / max(1, len(hits))
        why = REASONS.get(rule, "no reason is known") if min(recall, precision) < 0.95 else ""
        told = f"{len(wrong):>8}{len(hits):>8}{recall:>8.3f}{precision:>11.3f}  {why}"
        print(told.rstrip())


if __name__ == "__main__":
    main()
