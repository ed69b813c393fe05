"""Connecting: the sandbox without a word, a real site only on purpose."""

import re
import subprocess
import sys
import traceback

import pytest

import contacttools as ct
from contacttools import sandbox
from contacttools.errors import AuthError, BadValue, ContactToolsError, ReadOnlySite

KEY, SITE = "IST.canary-4f1d9c2e7b", "11111111-2222-4333-8444-555555555555"
APP = {"app_id": "app-1", "app_secret": "secret-canary-77aa", "instance_id": "instance-1"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    """Let no key of this machine into these tests."""
    monkeypatch.delenv("WIX_API_KEY", raising=False)
    monkeypatch.delenv("WIX_SITE_ID", raising=False)


def test_the_sandbox_is_one_per_process():
    """Connecting again gives the very same site, whatever it is called."""
    assert ct.connect() is ct.connect("sandbox") is ct.connect()


def test_the_sandbox_is_writable_unpaced_and_not_live():
    """It needs nothing, waits for nothing and says what it is."""
    site = ct.connect()
    told = site.info()
    assert (False, False, None) == (told["live"], told["read_only"], told["requests_per_minute"])
    assert (site.site_id, site.base_url) == (told["site_id"], told["base_url"])
    assert min(told["contacts"], told["labels"], told["extended_fields"]) > 0
    assert repr(site).startswith("<Site: sandbox at http://127.0.0.1:")
    assert "LIVE" not in repr(site)


def test_closing_the_sandbox_takes_it_from_nobody():
    """It is shared: a block that ends with it leaves it open for the next cell."""
    with ct.connect() as site:
        count = site.count()
    assert count == ct.connect().count()


_TOLD = (
    "import contacttools as ct; s = ct.connect(); c = s.fetch(limit=9);"
    "print(s.site_id, [(i, c.revision(i)) for i in c])"
)


def test_the_sandbox_is_the_same_in_every_process():
    """Site id, contact ids and revisions are fixed by its seed."""
    told = [
        subprocess.run([sys.executable, "-c", _TOLD], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert told[0].stdout == told[1].stdout
    assert told[0].stdout.startswith(ct.connect().site_id)
    assert ["", ""] == [each.stderr for each in told]


def test_the_environment_never_makes_it_live(monkeypatch):
    """A key that lies around does not turn `connect()` into a real site."""
    monkeypatch.setenv("WIX_API_KEY", KEY)
    monkeypatch.setenv("WIX_SITE_ID", SITE)
    assert not ct.connect().live
    assert not ct.connect("sandbox").live


@pytest.mark.parametrize("where", ["arguments", "environment", "with spaces"])
def test_a_live_site_needs_a_key_and_a_site_id(monkeypatch, where):
    """Given or found in the environment, both make a site: LIVE, and for reading only."""
    given = {"api_key": KEY, "site_id": SITE}
    if where == "environment":
        given = {}
        monkeypatch.setenv("WIX_API_KEY", KEY)
        monkeypatch.setenv("WIX_SITE_ID", f"{SITE}\n")
    elif where == "with spaces":
        given = {"api_key": f" {KEY}\n", "site_id": f"{SITE} "}
    with ct.connect("live", **given) as site:
        assert (True, True, SITE) == (site.live, site.read_only, site.site_id)
        assert f"<Site: LIVE https://www.wixapis.com, site {SITE}, read-only>" == repr(site)
    with ct.connect("live", **given, read_only=False) as site:
        assert repr(site).endswith("WRITABLE>")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "api_key= and site_id="),
        ({"api_key": KEY}, "site_id="),
        ({"site_id": SITE}, "api_key="),
        ({"api_key": "", "site_id": SITE}, "api_key="),
        ({"api_key": " ", "site_id": SITE}, "api_key="),
    ],
    ids=["neither", "no site", "no key", "empty key", "blank key"],
)
@pytest.mark.parametrize("to", [{"to": "live"}, {"base_url": "https://example.com"}], ids=str)
def test_one_without_the_other_is_an_error(to, given, named):
    """A missing half is named, and nothing is sent."""
    with pytest.raises(AuthError, match=f"pass {named}[,;]"):
        ct.connect(**to, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"to": "live", "site_id": SITE},
        {"to": "live", "api_key": KEY},
        {"base_url": "https://a.example"},
    ],
    ids=["site given", "key given", "another address"],
)
def test_the_key_of_the_environment_goes_to_its_own_site_at_the_service_only(monkeypatch, given):
    """It is not paired with what was passed, and not sent to another address."""
    monkeypatch.setenv("WIX_API_KEY", KEY)
    monkeypatch.setenv("WIX_SITE_ID", SITE)
    with pytest.raises(AuthError):
        ct.connect(**given)


@pytest.mark.parametrize("api_key", [f"{KEY}\nX-Other: 1", "schlüssel", f"{KEY}\x00", "a\tb"])
def test_a_key_that_is_no_key_is_refused_unseen(api_key):
    """What no header may hold is refused, and not repeated in the error."""
    with pytest.raises(AuthError) as caught:
        ct.connect("live", api_key=api_key, site_id=SITE)
    assert api_key not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("given", [{"api_key": KEY}, {"site_id": SITE}, APP], ids=str)
def test_a_key_for_the_sandbox_is_a_misunderstanding(given):
    """Whoever passes a key means a real site, and is told how to say it."""
    with pytest.raises(AuthError, match="live"):
        ct.connect(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"to": "production"},
        {"to": "sandbox", "base_url": "https://example.com"},
        {"base_url": "http://example.com"},
        {"base_url": "https://me:pw@example.com"},
        {"base_url": "https://example.com?x=1"},
        {"base_url": "https://example.com#x"},
        {"base_url": ""},
        {"to": "live", "base_url": " "},
        {"to": "live", "requests_per_minute": 500},
        {"to": "live", "requests_per_minute": 0},
        {"to": "live", "requests_per_minute": "fast"},
    ],
    ids=str,
)
def test_a_site_that_cannot_be_meant(given):
    """Unknown names, unsafe addresses and an impossible pace are refused before any request."""
    with pytest.raises(BadValue):
        ct.connect(**{"api_key": KEY, "site_id": SITE} | given)


def test_a_live_site_refuses_direct_updates_until_told_twice():
    """Writes need read_only=False, and without a plan direct_writes=True as well."""
    with sandbox.start(people=3) as server:
        keys = {"base_url": server.url, "api_key": server.api_key, "site_id": server.site_id}
        keys["requests_per_minute"] = None
        for options, told in (
            ({}, "reading only"),
            ({"direct_writes": True}, "reading only"),
            ({"read_only": False}, "direct_writes=True"),
        ):
            with ct.connect(**keys, **options) as site, pytest.raises(ReadOnlySite, match=told):
                site.update_contact("c1", {"company": "x"}, 1)
        with ct.connect(**keys, read_only=False, direct_writes=True) as site:
            contact = site.get_contact(next(iter(site.fetch())))
            answer = site.update_contact(contact["id"], {"company": "x"}, contact["revision"])
            assert contact["revision"] + 1 == answer["contact"]["revision"]


@pytest.mark.parametrize("name", ["read_only", "direct_writes"])
@pytest.mark.parametrize("value", [None, 0, 1, "", "no", "False"], ids=repr)
def test_what_guards_a_site_is_true_or_false(name, value):
    """Nothing that merely counts as one of them opens a site for writing."""
    with pytest.raises(BadValue, match=f"{name} is True or False"):
        ct.connect("live", api_key=KEY, site_id=SITE, **{name: value})


@pytest.mark.parametrize("name", ["api_key", "site_id"])
def test_what_says_who_we_are_is_text(name):
    """Anything else is refused by name, and not repeated in the error."""
    with pytest.raises(AuthError, match=f"{name}= is text, not a bytes"):
        ct.connect("live", **{"api_key": KEY, "site_id": SITE} | {name: KEY.encode()})


def traces(error):
    """Return everything that a traceback with locals would print below the caller."""
    told = traceback.TracebackException(
        type(error), error, error.__traceback__.tb_next, capture_locals=True
    )
    assert (None, None) == (error.__cause__, error.__context__)
    return "".join(told.format())


@pytest.mark.parametrize(
    "given",
    [
        {"to": "live"},
        {"to": "live", "api_key": KEY},
        {"to": "live", "api_key": f"{KEY}\n", "site_id": "ü"},
        {"to": "live", "api_key": KEY, "site_id": SITE, "requests_per_minute": 999},
        {"base_url": "not an address", "api_key": KEY, "site_id": SITE},
        {"to": "sandbox", "api_key": KEY},
        {"to": "live", "app_id": "a", "app_secret": KEY},
    ],
    ids=str,
)
def test_a_traceback_with_locals_has_no_key(monkeypatch, given):
    """Whatever was wrong with the call, neither its key nor that of the environment is printed."""
    monkeypatch.setenv("WIX_API_KEY", KEY)
    with pytest.raises(ContactToolsError) as caught:
        ct.connect(**given)
    assert KEY[4:] not in traces(caught.value)


# -- as an app ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "site_id"), [({}, "instance-1"), ({"site_id": f" {SITE}\n"}, SITE)], ids=str
)
def test_an_app_is_a_live_site(more, site_id):
    """For reading only, like any; without a site id its instance stands for the site."""
    with ct.connect("live", **APP, **more) as site:
        assert (True, True, site_id, "app") == (
            site.live, site.read_only, site.site_id, site.identity,
        )  # fmt: skip
        assert f"<Site: LIVE https://www.wixapis.com, site {site_id}, as app, read-only>" == repr(
            site
        )
        assert site is site.elevated()


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        (["app_id"], "app_id="),
        (["app_secret"], "app_secret="),
        (["instance_id"], "instance_id="),
        (["app_id", "instance_id"], "app_id= and instance_id="),
    ],
    ids=str,
)
@pytest.mark.parametrize("blank", [None, "", " "])
def test_part_of_an_app_is_an_error(monkeypatch, left_out, named, blank):
    """What is missing is named, and the key of the environment does not fill in."""
    monkeypatch.setenv("WIX_API_KEY", KEY)
    monkeypatch.setenv("WIX_SITE_ID", SITE)
    with pytest.raises(AuthError, match=f"pass {named};"):
        ct.connect("live", **APP | dict.fromkeys(left_out, blank))


@pytest.mark.parametrize("more", [{}, {"site_id": SITE}], ids=str)
@pytest.mark.parametrize("part", ["app_id", "app_secret", "instance_id", None])
def test_a_key_and_an_app_at_once_are_an_error(more, part):
    """Even when the other is there in part only: nobody can tell what was meant."""
    app = APP if part is None else {part: APP[part]}
    with pytest.raises(AuthError, match=r"either api_key= and site_id=, or app_id=.*not both"):
        ct.connect("live", api_key=KEY, **app, **more)


def test_an_app_takes_nothing_from_the_environment(monkeypatch):
    """The site id there belongs to the key there."""
    monkeypatch.setenv("WIX_API_KEY", KEY)
    monkeypatch.setenv("WIX_SITE_ID", SITE)
    with ct.connect("live", **APP) as site:
        assert "instance-1" == site.site_id


@pytest.mark.parametrize("name", [*APP, "site_id"])
def test_a_secret_that_is_none_is_refused_unseen(name):
    """What no header may hold is refused, and not repeated in the error."""
    with pytest.raises(AuthError) as caught:
        ct.connect("live", **APP | {name: "canary\nX-Other: 1"})
    assert "canary" not in str(caught.value)


def test_an_app_at_another_address():
    """It trades its secret there, reads, and writes when told twice."""
    with sandbox.start(people=3) as server:
        made = server.callers.app()
        app = {
            "app_id": made.app_id, "app_secret": made.app_secret, "instance_id": made.instance_id,
        }  # fmt: skip
        more = {"read_only": False, "direct_writes": True, "requests_per_minute": None}
        with ct.connect(base_url=server.url, **app, **more) as site:
            assert (3, "app") == (site.count(), site.info()["identity"])
            answer = site.create_contact({"name": {"first": "By an app"}})
        assert made.app_id == answer["contact"]["source"]["appId"]


# -- identities of the sandbox --------------------------------------------------------------

INFO = {"name": {"first": "Somebody", "last": "New"}}


def test_a_key_with_all_rights_is_the_one_everybody_has():
    """Named or not."""
    site = ct.connect()
    assert site is ct.connect("sandbox", identity="api_key") is site.elevated()
    assert "api_key" == site.info()["identity"]


@pytest.mark.parametrize("identity", ["app", "member", "visitor"])
def test_others_share_the_sandbox(identity):
    """The same people at the same address; the site says who asks."""
    site = ct.connect("sandbox", identity=identity, scopes=["Read Contacts"])
    shared = ct.connect()
    assert site is not shared
    assert (shared.site_id, shared.base_url, identity) == (
        site.site_id, site.base_url, site.identity,
    )  # fmt: skip
    assert shared.count() == site.count()
    assert f"as {identity}>" in repr(site)
    assert (identity, False, False) == tuple(
        site.info()[name] for name in ("identity", "live", "read_only")
    )


@pytest.mark.parametrize("identity", ["api_key", "app", "member", "visitor"])
def test_reading_is_not_writing(identity):
    """With Read Contacts alone each of them reads, and is refused when it writes."""
    site = ct.connect("sandbox", identity=identity, scopes=["SCOPE.DC-CONTACTS.READ-CONTACTS"])
    assert site.fetch(limit=1).definitions.labels is None
    with pytest.raises(AuthError, match="Manage Contacts") as caught:
        site.create_contact(INFO)
    assert 403 == caught.value.status


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        ("api_key", r"check the key, its rights \(Manage Contacts\)"),
        ("app", "check that the app .* was granted Manage Contacts"),
        ("member", r"a member has no right to this \(Manage Contacts\); site\.elevated\(\) has"),
        ("visitor", r"a visitor has no right to this \(Manage Contacts\); site\.elevated\(\) has"),
    ],
)
def test_a_commit_without_the_right_says_what_to_do(identity, told):
    """In words for whoever asks: one contact is refused, the rest not sent, and none written."""
    site = ct.connect("sandbox", identity=identity, scopes=["Read Contacts"])
    contacts = site.fetch(limit=3)
    stage = ct.Stage(contacts)
    for contact_id in contacts:
        stage.edit(contact_id, {"company": "Not Theirs Ltd"})
    plan = stage.plan()
    report = site.commit(plan, approve=plan.id)
    assert {"refused": 1, "not_sent": 2} == report.counts
    for detail in report.to_frame()["detail"]:
        assert re.search(told, detail)
    assert {"fresh"} == set(site.check(plan)["state"])


@pytest.mark.parametrize("identity", ["member", "visitor"])
def test_a_person_is_lifted_on_purpose_only(identity):
    """Without scopes nothing works, and the refusal says how to go on; elevated, it does."""
    site = ct.connect("sandbox", identity=identity)
    for ask in (site.count, lambda: site.create_contact(INFO)):
        with pytest.raises(AuthError, match=rf"a {identity} has no right .*site\.elevated\(\)"):
            ask()
    lifted = site.elevated()
    assert (site.site_id, site.live, site.read_only) == (
        lifted.site_id, lifted.live, lifted.read_only,
    )  # fmt: skip
    made = lifted.create_contact(INFO)["contact"]["id"]
    lifted.delete_contact(made)
    assert [] == site.elevated_calls


@pytest.mark.parametrize("identity", ["app", "member", "visitor"])
def test_whoever_has_the_right_needs_no_lift(identity):
    """With Manage Contacts a visitor commits like anybody else."""
    site = ct.connect("sandbox", identity=identity, scopes=["Manage Contacts"])
    made = site.create_contact(INFO)["contact"]
    stage = ct.Stage(site.fetch({"id": made["id"]}))
    stage.edit(made["id"], {"company": "Their Own Ltd"})
    plan = stage.plan()
    assert {"applied": 1} == site.commit(plan, approve=plan.id).counts
    site.delete_contact(made["id"])


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"identity": "owner"}, "identity is one of api_key, app, member, visitor"),
        ({"identity": []}, "identity is one of"),
        ({"identity": "visitor", "scopes": ["Rule The World"]}, "Rule The World"),
        ({"identity": "visitor", "scopes": 5}, "scopes is a list of names"),
        ({"identity": "visitor", "scopes": [[]]}, "scopes is a list of names"),
        ({"to": "live", "identity": "visitor"}, "for the sandbox"),
        ({"base_url": "https://a.example", "scopes": []}, "for the sandbox"),
    ],
    ids=str,
)
def test_an_identity_that_cannot_be(given, named):
    """Unknown names are refused, and a real site knows who you are."""
    with pytest.raises(BadValue, match=named):
        ct.connect(**given)


@pytest.mark.parametrize(
    "site_id",
    ["abc", f"https://manage.example.com/dashboard/{SITE}/home", f'"{SITE}"', SITE[:-1]],
)
def test_a_site_id_that_is_none(site_id):
    """An address, or half of an id, is told from an id before anything is sent."""
    with pytest.raises(AuthError, match="after /dashboard/; pass that part alone"):
        ct.connect("live", api_key=KEY, site_id=site_id)
