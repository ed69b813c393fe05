"""Credentials: an app's secret is traded for tokens, in time and in turn, and is shown nowhere."""

import json
import logging
import pickle
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from served import KEY, SITE, VirtualClock, planned

from contacttools import sandbox
from contacttools.contact.wire import NeverSent, Refused, Written
from contacttools.errors import ApiError, AuthError, ContactToolsError, Unreachable
from contacttools.service import calls
from contacttools.service.credentials import App, Key
from contacttools.service.pacing import Pacer
from contacttools.service.site import Site
from contacttools.service.transport import Transport

GET = calls.get_contact("c1")
PATCH = calls.update_contact("c1", {"company": "New"}, 3)
CONTACT = {"contact": {"id": "c1", "revision": 4, "info": {}}}
SECRET, TOKEN = "secret-canary-77aa", "token-canary-88bb"


class Service:
    """A service that trades secrets for numbered tokens, and can be told to refuse."""

    patience, expected = 0, 0

    def __init__(self, *, expires_in=14400, tokens=None, refuse=()):
        self.asked, self.signed, self.others = [], [], []
        self.valid = set()
        self.answers = list(tokens or [])
        self.expires_in, self.refuse = expires_in, refuse
        self.another = threading.Event()

    def __call__(self, request):
        if request.url.path.endswith("/oauth2/token"):
            return self.trade(request)
        self.signed.append((request.method, request.headers["authorization"]))
        self.others.append(request)
        known = request.headers["authorization"] in self.valid - set(self.refuse)
        return httpx.Response(200, json=CONTACT) if known else httpx.Response(401)

    def trade(self, request):
        self.asked.append(request)
        if len(self.asked) > self.expected:
            self.another.set()
        self.another.wait(self.patience)  # whoever would ask a second time has come by then
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        token = f"{TOKEN}-{len(self.asked)}"
        self.valid.add(token)
        told = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        return httpx.Response(200, json=told)


def app_to(handler, *, site_id=None, clock=None):
    """Return a transport that asks as an app."""
    app = App("app-1", SECRET, "instance-1", site_id)
    pacer = Pacer(None, clock or VirtualClock())
    through = httpx.MockTransport(handler)
    return Transport("https://service.example", app, pacer, through=through)


def test_a_secret_is_traded_for_a_token_once():
    """One request for a token, as documented; then every call is signed with it."""
    service = Service()
    transport = app_to(service)
    transport.read(GET)
    assert Written(CONTACT["contact"]) == transport.tell(PATCH)
    (trade,) = service.asked
    assert ("POST", "https://service.example/oauth2/token") == (trade.method, str(trade.url))
    assert {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": SECRET,
        "instance_id": "instance-1",
    } == json.loads(trade.content)
    assert "application/json" == trade.headers["content-type"]
    assert str(len(trade.content)) == trade.headers["content-length"]
    assert "authorization" not in trade.headers
    assert [("GET", f"{TOKEN}-1"), ("PATCH", f"{TOKEN}-1")] == service.signed


def test_a_token_is_asked_for_with_the_limits_of_any_call():
    """The same time-outs hold for it."""
    service = Service()
    app_to(service).read(GET)
    (trade,), (call,) = service.asked, service.others
    assert call.extensions["timeout"] == trade.extensions["timeout"]
    assert 5 == trade.extensions["timeout"]["connect"]


@pytest.mark.parametrize(("site_id", "sent"), [(SITE, SITE), (None, None)], ids=["given", "none"])
def test_a_site_id_is_sent_when_it_was_given(site_id, sent):
    """The instance says which site is meant; the id may be sent along."""
    service = Service()
    app_to(service, site_id=site_id).read(GET)
    assert sent == service.others[0].headers.get("wix-site-id")


@pytest.mark.parametrize(
    ("expires_in", "later", "trades"),
    [(14400, 14339, 1), (14400, 14341, 2), (100, 49, 1), (100, 51, 2), (None, 10**9, 1),
     ("soon", 10**9, 1), (0, 10**9, 1), (-5, 10**9, 1), (True, 10**9, 1), (10**400, 10**9, 1)],
)  # fmt: skip
def test_a_token_is_renewed_before_it_ends(expires_in, later, trades):
    """A minute before, or halfway when it lives shorter; an end that is unsaid shows by a 401."""
    service, clock = Service(expires_in=expires_in), VirtualClock()
    transport = app_to(service, clock=clock)
    transport.read(GET)
    clock.now += later
    transport.read(GET)
    assert trades == len(service.asked)
    assert f"{TOKEN}-{trades}" == service.signed[-1][1]


@pytest.mark.parametrize("ask", ["read", "write", "tell"])
def test_a_token_that_ended_early_is_renewed_once(ask):
    """401 means not carried out: the call is sent again with a new token, a write too."""
    service = Service(refuse=[f"{TOKEN}-1"])
    transport = app_to(service)
    getattr(transport, ask)(GET if ask == "read" else PATCH)
    method = "GET" if ask == "read" else "PATCH"
    assert [(method, f"{TOKEN}-1"), (method, f"{TOKEN}-2")] == service.signed
    assert 2 == len(service.asked)


@pytest.mark.parametrize("ask", ["read", "write", "tell"])
def test_a_second_401_is_the_answer(ask):
    """A new token that is refused as well ends it."""
    service = Service(refuse=[f"{TOKEN}-{n}" for n in range(9)])
    transport = app_to(service)
    if ask == "tell":
        answer = transport.tell(PATCH)
        assert (Refused, 401) == (type(answer), answer.status)
    else:
        with pytest.raises(AuthError, match="app is installed on the site and was granted"):
            getattr(transport, ask)(GET if ask == "read" else PATCH)
    assert (2, 2) == (len(service.signed), len(service.asked))


def test_a_missing_right_costs_no_token():
    """403 is not about the token."""
    service = Service()
    granted = app_to(lambda asked: service(asked) if "token" in asked.url.path else
                     httpx.Response(403))  # fmt: skip
    with pytest.raises(AuthError, match="granted Manage Contacts"):
        granted.write(PATCH)
    assert 1 == len(service.asked)


def test_a_key_is_not_renewed():
    """It is sent once; 401 is the answer."""
    asked = []

    def handler(request):
        asked.append(request)
        return httpx.Response(401)

    pacer = Pacer(None, VirtualClock())
    through = httpx.MockTransport(handler)
    transport = Transport("https://service.example", Key(KEY, SITE), pacer, through=through)
    with pytest.raises(AuthError, match="check the key"):
        transport.write(PATCH)
    assert 1 == len(asked)


# -- no token -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302, 501])
@pytest.mark.parametrize("ask", ["read", "write"])
def test_a_refused_secret_says_what_to_check(ask, status):
    """An AuthError that names the three values, and nothing of the call was sent."""
    service = Service(tokens=[httpx.Response(status, json={"message": SECRET})])
    with pytest.raises(
        AuthError, match=r"app_secret= and instance_id=.*nothing was sent"
    ) as caught:
        getattr(app_to(service), ask)(GET if ask == "read" else PATCH)
    assert (401, "TOKEN_REFUSED") == (caught.value.status, caught.value.code)
    assert ([], 1) == (service.signed, len(service.asked))
    assert SECRET not in str(caught.value)


NO_TOKEN = [
    ("timeout", httpx.ReadTimeout("x")),
    ("no connection", httpx.ConnectError("x")),
    ("500", httpx.Response(500)),
    ("503", httpx.Response(503)),
    ("520", httpx.Response(520)),
    ("HTML", httpx.Response(200, content=b"<html>")),
    ("a list", httpx.Response(200, json=[TOKEN])),
    ("no token", httpx.Response(200, json={"token_type": "Bearer"})),
    ("empty", httpx.Response(200, json={"access_token": ""})),
    ("number", httpx.Response(200, json={"access_token": 5})),
    ("two lines", httpx.Response(200, json={"access_token": f"{TOKEN}\r\nX-Other: 1"})),
    ("umlaut", httpx.Response(200, json={"access_token": f"{TOKEN}ü"})),
    ("too deep", httpx.Response(200, content=b"[" * 100_000)),
]


@pytest.mark.parametrize("answer", [c[1] for c in NO_TOKEN], ids=[c[0] for c in NO_TOKEN])
def test_without_a_token_nothing_is_sent(answer):
    """No answer, or one without a token, is told as such; a commit may try again later."""
    service = Service(tokens=[answer] * 2)
    transport = app_to(service)
    told = transport.tell(PATCH)
    assert isinstance(told, NeverSent)
    assert told.why.startswith("no access token for the app")
    with pytest.raises(Unreachable, match=r"no access token for the app.*nothing was sent"):
        transport.write(PATCH)
    assert [] == service.signed
    transport.read(GET)
    assert 1 == len(service.signed)


def test_a_read_is_tried_again_until_there_is_a_token():
    """Passing trouble with the token is passing trouble of the read."""
    service = Service(tokens=[httpx.ReadTimeout("x"), httpx.Response(500)])
    assert CONTACT == json.loads(app_to(service).read(GET))
    assert 3 == len(service.asked)


def test_an_endless_answer_is_no_token():
    """It is not taken to its end."""

    def endless():
        while True:
            yield b" " * 2**20

    service = Service(tokens=[httpx.Response(200, content=endless())])
    answer = app_to(service).tell(PATCH)
    assert NeverSent("no access token for the app: an answer of more than 64 MB") == answer


def test_a_service_that_asks_for_patience_is_given_it():
    """A 429 to the request for a token holds everything back."""
    clock = VirtualClock()
    service = Service(tokens=[httpx.Response(429, headers={"Retry-After": "20"})])
    app_to(service, clock=clock).read(GET)
    assert clock.now >= 20


# -- several at once ------------------------------------------------------------------------


def test_workers_share_one_request_for_a_token():
    """Eight calls at once, before there is a token and when it has ended: one request each time."""
    service = Service()
    service.patience = 0.3
    together = threading.Barrier(8)
    transport = app_to(service)

    def ask(_):
        together.wait(30)
        return transport.read(GET)

    with ThreadPoolExecutor(8) as pool:
        for turn in (1, 2):
            service.expected = turn
            assert 8 == len(list(pool.map(ask, range(8))))
            assert turn == len(service.asked)
            service.refuse = [f"{TOKEN}-1"]


# -- secrets --------------------------------------------------------------------------------


def traces(error):
    """Return everything that a traceback with locals would print, suppressed parts too."""
    told, waiting = [], [traceback.TracebackException.from_exception(error, capture_locals=True)]
    while waiting:
        each = waiting.pop()
        told.append("".join(each.format()))
        waiting += [inner for inner in (each.__cause__, each.__context__) if inner is not None]
    return "".join(told)


def secret_in(text):
    """Say whether the secret, or enough of a token, is in a text."""
    return SECRET[6:] in text or TOKEN[5:] in text


@pytest.mark.parametrize("ask", ["read", "write"])
@pytest.mark.parametrize(
    "answer",
    [c[1] for c in NO_TOKEN] + [httpx.Response(401), httpx.Response(400, json={"m": SECRET})],
    ids=[c[0] for c in NO_TOKEN] + ["401", "400"],
)
def test_a_traceback_with_locals_has_no_secret(ask, answer):
    """Whatever goes wrong with the token, a verbose traceback shows neither secret nor token."""
    transport = app_to(Service(tokens=[answer] * 9))
    with pytest.raises(ContactToolsError) as caught:
        getattr(transport, ask)(GET if ask == "read" else PATCH)
    assert not secret_in(traces(caught.value))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("where", ["token", "call"])
@pytest.mark.parametrize("ask", ["read", "write"])
def test_an_interrupt_has_no_secret(ask, error, where):
    """Neither while a token is asked for nor while it is used."""
    service = Service()

    def handler(request):
        held = (request.content, dict(request.headers))
        if ("token" in request.url.path) == (where == "token"):
            raise error from ValueError(held)
        return service(request)

    with pytest.raises(error) as caught:
        getattr(app_to(handler), ask)(GET if ask == "read" else PATCH)
    assert not secret_in(traces(caught.value))


def test_no_dump_shows_a_secret():
    """Repr, str, vars at every depth, and pickle, before and after a token was fetched."""
    service = Service()
    transport = app_to(service)
    transport.read(GET)
    site = Site(transport, "instance-1", live=True, read_only=True, direct_writes=False)
    seen, waiting, told = set(), [site], []
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type) or each is service or len(seen) > 20_000:
            continue
        seen.add(id(each))
        told.append(f"{each!r} {each!s}"[:2000])
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, (list, tuple, set, frozenset)):
            waiting += each
        elif hasattr(each, "__dict__"):
            waiting += vars(each).values()
    assert len(seen) > 50
    assert [] == [text for text in told if secret_in(text)]
    app = App("app-1", SECRET, "instance-1", None)
    assert "<app secret> <app secret>" == f"{app} {app!r}"
    token = transport._credentials.signer(None, 0.0)
    assert "<access token>" == repr(token)
    for each in (app, token):
        with pytest.raises(TypeError, match="not written to disk"):
            pickle.dumps(each)


def test_no_log_has_a_secret(caplog):
    """At the chattiest level of every logger."""
    with sandbox.start(people=3) as server:
        made = server.callers.app()
        app = App(made.app_id, made.app_secret, made.instance_id, None)
        caplog.set_level(logging.DEBUG)
        for name in ("httpx", "httpcore"):
            caplog.set_level(logging.DEBUG, logger=name)
        transport = Transport(server.url, app, Pacer(None, VirtualClock()))
        transport.read(calls.query_contacts(limit=1))
        signed = []
        transport._credentials.signer(None, 0.0)._sign(request := httpx.Request("GET", server.url))
        signed.append(request.headers["authorization"])
    assert any(record.name.startswith("httpcore") for record in caplog.records)
    told = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert made.app_secret not in told
    assert signed[0] not in told


# -- on the sandbox -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    """A sandbox with whom apps are installed."""
    with sandbox.start(people=20, seed=6) as opened:
        yield opened


def site_as(server, app):
    """Return a writable site that asks as an app."""
    credentials = App(app.app_id, app.app_secret, app.instance_id, server.site_id)
    transport = Transport(server.url, credentials, Pacer(None, VirtualClock()))
    return Site(
        transport, server.site_id, live=True, read_only=False, direct_writes=True, identity="app"
    )


def ended(server, site):
    """Let the token that a site holds be no longer valid."""
    request = httpx.Request("GET", server.url)
    site._transport._credentials.signer(None, 0.0)._sign(request)
    server.callers.expire(request.headers["authorization"])


def test_an_app_reads_and_commits(server):
    """And goes on when its token ends in the middle of a commit, each change written once."""
    with site_as(server, server.callers.app()) as site:
        ids = list(site.fetch())[:4]
        plan = planned(site, {each: {"company": "App Ltd"} for each in ids})
        server.faults.add("before", method="PATCH", skip=2, call=lambda: ended(server, site))
        report = site.commit(plan, approve=plan.id)
        after = [site.get_contact(change.contact_id) for change in plan.changes]
    assert {"applied": 4} == report.counts
    assert [change.revision + 1 for change in plan.changes] == [each["revision"] for each in after]


def test_an_app_with_a_wrong_secret_writes_nothing(server):
    """The first contact is refused, the rest is not sent, and the note says why."""
    app = server.callers.app()
    with site_as(server, app) as site:
        ids = list(site.fetch())[5:8]
        plan = planned(site, {each: {"company": "Wrong Ltd"} for each in ids})
    wrong = type(app)(app.app_id, "wrong", app.instance_id, app.scopes)
    with site_as(server, wrong) as site:
        with pytest.raises(AuthError, match="check app_id="):
            site.count()
        report = site.commit(plan, approve=plan.id)
    assert {"refused": 1, "not_sent": 2} == report.counts
    assert "no access token" in report.note
    assert "check that the app is installed" in report.note


def test_an_app_may_do_what_it_was_granted(server):
    """Without Manage Contacts it reads; the refusal names the scope."""
    with site_as(server, server.callers.app(scopes=["Read Contacts"])) as site:
        contact_id = next(iter(site.fetch()))
        assert site.fetch().definitions.labels is None
        with pytest.raises(AuthError, match="granted Manage Contacts"):
            site.delete_contact(contact_id)
        with pytest.raises(ApiError, match="Manage Contact Labels"):
            site.labels()
