"""Over the wire: what is sent again, what leaks, and what an answer is believed to say."""

import json
import logging
import pickle
import socket
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from served import KEY, SITE, VirtualClock, site_of, transport_to

from contacttools.contact import wire
from contacttools.contact.wire import (
    Found,
    Lost,
    Missing,
    NeverSent,
    Refused,
    SlowDown,
    Stale,
    Written,
)
from contacttools.errors import (
    ApiError,
    AuthError,
    BadValue,
    ConflictError,
    ContactToolsError,
    StaleRevision,
    Unreachable,
)
from contacttools.service import calls
from contacttools.service.credentials import Key
from contacttools.service.pacing import Pacer
from contacttools.service.transport import Transport, sound_url

GET = calls.get_contact("c1")
PATCH = calls.update_contact("c1", {"company": "New"}, 3)


def error_body(code, message="words", **data):
    """Return an error as the service words it."""
    told = {"code": code, "description": message, "data": data}
    return {"message": message, "details": {"applicationError": told}}


def saying(*answers):
    """Return a handler that gives these answers in turn, the last one ever after."""
    left = list(answers)

    def handler(request):
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler


def _status(n, weather="lost"):
    """Return what an answer of a bare status is: lost."""
    return Lost(f"HTTP {n}: HTTP {n}", weather)


def _away(why):
    """Return what comes of a request that found no way out."""
    return NeverSent(f"the service cannot be reached ({why})")


CONTACT = {"contact": {"id": "c1", "revision": 4, "info": {}}}
ANSWERS = [
    ("written", PATCH, httpx.Response(200, json=CONTACT), Written(CONTACT["contact"])),
    ("found", GET, httpx.Response(200, json=CONTACT), Found(CONTACT["contact"])),
    ("missing", GET, httpx.Response(404, json=error_body("CONTACT_NOT_FOUND")), Missing("words")),
    (
        "stale",
        PATCH,
        httpx.Response(409, json=error_body("CONTACT_ALREADY_CHANGED")),
        Stale("words"),
    ),
    ("busy", PATCH, httpx.Response(429, headers={"Retry-After": "7"}), SlowDown(7.0)),
    ("busy, unsaid", PATCH, httpx.Response(429), SlowDown(None)),
    ("no service", PATCH, httpx.Response(503, headers={"Retry-After": "7"}), _status(503, "busy")),
    ("no service, unsaid", PATCH, httpx.Response(503), _status(503, "busy")),
    (
        "refused",
        PATCH,
        httpx.Response(409, json=error_body("CANNOT_UPDATE_MEMBER_EMAIL")),
        Refused(409, "CANNOT_UPDATE_MEMBER_EMAIL", "words"),
    ),
    (
        "the other spelling",
        PATCH,
        httpx.Response(409, json=error_body("DUPLICATE_CONTACT_EXIST")),
        Refused(409, "DUPLICATE_CONTACT_EXISTS", "words"),
    ),
    ("a bare 409", PATCH, httpx.Response(409, json={}), _status(409)),
    ("a redirect", PATCH, httpx.Response(307, headers={"location": "/x"}), _status(307)),
    ("a 500", PATCH, httpx.Response(500, json={"message": "", "details": {}}), _status(500)),
    ("no content", PATCH, httpx.Response(204), _status(204)),
    ("timeout", PATCH, httpx.ReadTimeout("x"), Lost("no answer (ReadTimeout)", "slow")),
    ("cut", PATCH, httpx.RemoteProtocolError("x"), Lost("no answer (RemoteProtocolError)")),
    ("no connection", PATCH, httpx.ConnectError("refused"), _away("refused")),
    ("no room", PATCH, httpx.PoolTimeout(""), _away("PoolTimeout")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "response", "answer"), [c[1:] for c in ANSWERS], ids=[c[0] for c in ANSWERS]
)
def test_what_an_answer_means(request_, response, answer):
    """Each answer to one contact's read or write has one meaning; the code decides."""
    assert answer == transport_to(saying(response)).tell(request_)


NONSENSE = [
    ("HTML", b"<html>Welcome to the hotel</html>"),
    ("nothing", b""),
    ("a list", b"[]"),
    ("null", b"null"),
    ("no contact", b"{}"),
    ("contact is text", b'{"contact": "x"}'),
    ("no id", b'{"contact": {"revision": 1}}'),
    ("empty id", b'{"contact": {"id": "", "revision": 1}}'),
    ("number id", b'{"contact": {"id": 5, "revision": 1}}'),
    ("no revision", b'{"contact": {"id": "c1"}}'),
    ("revision as text", b'{"contact": {"id": "c1", "revision": "3"}}'),
    ("revision as float", b'{"contact": {"id": "c1", "revision": 3.0}}'),
    ("revision as flag", b'{"contact": {"id": "c1", "revision": true}}'),
    ("revision below zero", b'{"contact": {"id": "c1", "revision": -1}}'),
    ("revision beyond 2^53", b'{"contact": {"id": "c1", "revision": 9007199254740993}}'),
    ("revision of 5,000 digits", b'{"contact": {"id": "c1", "revision": ' + b"9" * 5000 + b"}}"),
    ("half a body", b'{"contact": {"id": "c1", "rev'),
    ("too deep", b"[" * 100_000),
    ("not UTF-8", b'{"contact": {"id": "\xff", "revision": 1}}'),
]


@pytest.mark.parametrize("body", [c[1] for c in NONSENSE], ids=[c[0] for c in NONSENSE])
def test_an_answer_that_makes_no_sense(body):
    """To a write it is no answer; to a reader it is an ApiError in words."""
    answer = httpx.Response(200, content=body)
    assert isinstance(transport_to(saying(answer)).tell(PATCH), Lost)
    site = site_of(saying(answer))
    with pytest.raises(ApiError, match="makes no sense"):
        site.get_contact("c1")
    with pytest.raises(ApiError, match="makes no sense"):
        site.query_contacts(limit=1)


@pytest.mark.parametrize(
    "details",
    [5, "x", [], {"applicationError": 5}, {"applicationError": {"code": 7, "data": 5}},
     {"validationError": {"fieldViolations": 5}}, {"validationError": {"fieldViolations": [5]}}],
    ids=str,
)  # fmt: skip
def test_an_error_of_any_shape_is_read(details):
    """However an error is malformed, its status speaks."""
    answer = transport_to(saying(httpx.Response(400, json={"details": details}))).tell(PATCH)
    assert (Refused, 400) == (type(answer), answer.status)


@pytest.mark.parametrize(
    "code", ["MALFORMED_FILTER", "UNSUPPORTED_FILTER", "UNSUPPORTED_FILTER_OPERATOR"]
)
def test_a_refused_filter_comes_with_an_example(code):
    """Whatever the service says of it, the error shows how a filter looks."""
    answer = httpx.Response(400, json=error_body(code))
    with pytest.raises(ApiError, match=r'words; .* \{"company": \{"\$exists": True\}\}') as caught:
        transport_to(saying(answer)).read(GET)
    assert code == caught.value.code


def test_an_endless_answer_is_not_taken_to_its_end():
    """More than 64 MB after decompression, and the connection is dropped, once."""
    asked = []

    def endless():
        while True:
            yield b" " * 2**20

    def handler(request):
        asked.append(request.method)
        return httpx.Response(200, content=endless())

    transport = transport_to(handler)
    with pytest.raises(ApiError, match="more than 64 MB"):
        transport.read(GET)
    assert ["GET"] == asked
    assert Lost("an answer of more than 64 MB") == transport.tell(PATCH)


def test_an_answer_that_drips_is_given_up():
    """Each piece may come in time and the whole still take too long."""
    clock = VirtualClock()

    def drip():
        while True:
            clock.now += 10
            yield b"."

    transport = transport_to(lambda _: httpx.Response(200, content=drip()), clock=clock)
    assert Lost("an answer that takes more than 40 s") == transport.tell(PATCH)


# -- sending again --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [httpx.Response(500), httpx.Response(503), httpx.ReadTimeout("x"), httpx.ConnectError("x"),
     httpx.Response(429, headers={"Retry-After": "1"})],
    ids=["500", "503", "timeout", "no connection", "429"],
)  # fmt: skip
def test_a_read_is_sent_again(trouble):
    """A read is repeated through passing trouble, with growing waits, and then answered."""
    clock = VirtualClock()
    good = httpx.Response(200, json=CONTACT)
    transport = transport_to(saying(trouble, trouble, good), clock=clock)
    assert CONTACT == json.loads(transport.read(GET))
    assert clock.now >= 1.0


@pytest.mark.parametrize(
    ("response", "error", "asked"),
    [
        (httpx.Response(500), Unreachable, 5),
        (httpx.ReadTimeout("x"), Unreachable, 5),
        (httpx.Response(400, json=error_body("ILLEGAL_LIMIT")), ApiError, 1),
        (httpx.Response(401), AuthError, 1),
        (httpx.Response(403), AuthError, 1),
        (httpx.Response(404), ApiError, 1),
        (httpx.Response(501), ApiError, 1),
        (httpx.Response(302, headers={"location": "https://elsewhere.example"}), ApiError, 1),
    ],
    ids=["500", "timeout", "400", "401", "403", "404", "501", "302"],
)
def test_a_read_ends_in_an_error_with_words(response, error, asked):
    """Only what may pass is asked again, five times; every error says its status and a step."""
    sent = []

    def handler(request):
        sent.append(request.url.host)
        if isinstance(response, Exception):
            raise response
        return response

    with pytest.raises(error) as caught:
        transport_to(handler).read(GET)
    assert ["service.example"] * asked == sent
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("response", "error", "told"),
    [
        (httpx.ReadTimeout("x"), Unreachable, "may have been made"),
        (httpx.Response(500), Unreachable, "may have been made"),
        (httpx.ConnectError("refused"), Unreachable, "nothing was sent"),
        (httpx.Response(429), Unreachable, "no capacity"),
        (
            httpx.Response(409, json=error_body("CONTACT_ALREADY_CHANGED")),
            StaleRevision,
            "get the contact again",
        ),
        (
            httpx.Response(409, json=error_body("CANNOT_UPDATE_MEMBER_EMAIL")),
            ApiError,
            "Members API",
        ),
        (httpx.Response(403), AuthError, "check the key"),
    ],
    ids=["timeout", "500", "no connection", "429", "stale", "member", "403"],
)
def test_a_write_is_sent_once(response, error, told):
    """Whatever comes of a direct write, it is sent once and the error says what may have been."""
    sent = []

    def handler(request):
        sent.append(request.method)
        if isinstance(response, Exception):
            raise response
        return response

    with pytest.raises(error, match=told):
        transport_to(handler).write(PATCH)
    assert ["PATCH"] == sent


def test_a_stale_direct_write_is_a_conflict():
    """It can be caught as what it is: somebody else changed the contact."""
    answer = httpx.Response(409, json=error_body("CONTACT_ALREADY_CHANGED"))
    with pytest.raises(ConflictError) as caught:
        transport_to(saying(answer)).write(PATCH)
    assert (409, "CONTACT_ALREADY_CHANGED") == (caught.value.status, caught.value.code)


@pytest.mark.parametrize("ask", ["tell", "read", "write"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_request_for_quiet_holds_for_whatever_comes_next(ask, status):
    """Whichever request was told to wait, the next one of this site waits as well."""
    clock = VirtualClock()
    quiet = httpx.Response(status, headers={"Retry-After": "20"})
    transport = transport_to(saying(quiet, httpx.Response(200, json=CONTACT)), clock=clock)
    try:
        getattr(transport, ask)(GET if ask == "read" else PATCH)
    except Unreachable:
        assert "write" == ask
    transport.tell(PATCH)
    assert clock.now >= 20


_NOON = "Wed, 21 Oct 2015 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        (
            {
                "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT",
                "date": "Wed, 21 Oct 2015 07:28:00 GMT",
            },
            30.0,
        ),
        (
            {
                "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT",
                "date": "Wed, 21 Oct 2015 07:28:30 GMT",
            },
            None,
        ),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "yesterday"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30", "date": _NOON}, None),
        (
            {"retry-after": "Mon, 01 Jan 99999999999 00:00:00 GMT", "date": _NOON},
            None,
        ),
    ],
)  # fmt: skip
def test_how_long_a_service_asks_to_wait(headers, seconds):
    """Seconds, or a date less the answer's own date; anything else counts as not said."""
    assert seconds == wire.retry_after(httpx.Headers(headers))


def test_a_closed_connection_says_so():
    """After close, nothing is sent, and the words say what to do."""
    transport = transport_to(saying(httpx.Response(200, json=CONTACT)))
    transport.close()
    transport.close()
    assert NeverSent("the connection was closed; connect again") == transport.tell(PATCH)
    with pytest.raises(Unreachable, match="connect again"):
        transport.read(GET)


def test_what_json_cannot_say_is_a_bad_value():
    """Nothing is sent for a body that is no JSON; the error says where and what it is."""
    sent = []
    transport = transport_to(sent.append)
    for value in (float("nan"), {1, 2}, b"y", float("-inf")):
        with pytest.raises(BadValue, match=r"info\.x\.1 cannot be sent as JSON") as caught:
            transport.write(calls.update_contact("c1", {"a": None, "x": ["y", value]}, 1))
        assert "info.x.1" == caught.value.field
    assert [] == sent


@pytest.mark.parametrize(
    "contact_id", ["..", ".", "../../x", "a/b", "a?b=c", "a#b", "é", "a b", "%2e%2e", "a\nb"]
)
def test_an_id_is_one_segment_of_the_path(contact_id):
    """No id, whatever it contains, walks along the path or adds to the query."""
    paths = []

    def handler(request):
        paths.append((request.url.raw_path.count(b"/"), request.url.query))
        return httpx.Response(404)

    transport_to(handler).tell(calls.get_contact(contact_id))
    assert [(4, b"")] == paths


def test_a_consistency_token_is_sent_back():
    """Once an answer carries X-Wix-Consistent, every later request repeats the newest one."""
    told = iter(["one", None, "two", "", "drei\u00fc", None])
    heard = []

    def handler(request):
        heard.append(request.headers.get("x-wix-consistent"))
        value = next(told)
        headers = {} if value is None else {"X-Wix-Consistent": value.encode()}
        return httpx.Response(200, json=CONTACT, headers=headers)

    transport = transport_to(handler)
    for ask in (transport.read, transport.write, transport.tell) * 2:
        ask(PATCH)
    assert [None, "one", "one", "two", "two", "two"] == heard
    other = transport_to(lambda request: httpx.Response(200, json={"sent": str(request.headers)}))
    assert b"consistent" not in other.read(GET)


# -- addresses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://www.wixapis.com", "https://www.wixapis.com"),
        ("https://www.wixapis.com/", "https://www.wixapis.com"),
        ("HTTPS://Example.COM/base/", "https://example.com/base"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://localhost:8787/", "http://localhost:8787"),
        ("http://[::1]:8787", "http://[::1]:8787"),
    ],
)
def test_an_address_that_a_key_may_be_sent_to(text, url):
    """Https anywhere, http on this machine."""
    assert url == sound_url(text)


@pytest.mark.parametrize(
    "text",
    ["http://example.com", "http://127.0.0.1.example.com", "http://127.0.0.1@example.com",
     "http://localhost.example.com", "http://0.0.0.0", "http://10.0.0.1", "http://[::ffff:1.2.3.4]",
     "ftp://127.0.0.1", "file:///etc/passwd", "//example.com", "example.com", "", "https://",
     "https:///x", "https://user:secret@example.com", "http://user:secret@example.com",
     "https://secret@127.0.0.1", "https://example.com?key=secret", "https://example.com/#secret",
     "https://example.com:99999", "https://example.com:x", "https://[::1", "https://xn--",
     "https://exa\nmple.com", "http://127.0.0.1\\@example.com", "javascript:alert(1)"],
)  # fmt: skip
def test_an_address_that_no_key_is_sent_to(text):
    """Http to others, credentials, queries, fragments and what is no address are BadValue."""
    with pytest.raises(BadValue) as caught:
        sound_url(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", [None, 5, b"https://example.com", ["https://example.com"]])
def test_an_address_is_text(text):
    """Anything but text is a BadValue too."""
    with pytest.raises(BadValue):
        sound_url(text)


# -- the key --------------------------------------------------------------------------------


class _Elsewhere(BaseHTTPRequestHandler):
    """A small server of the rougher kind: it redirects, cuts, and remembers what it got."""

    def do_GET(self):
        self.server.got.append((self.path, self.headers.get("Authorization")))
        if self.server.cut:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(302)
        self.send_header("Location", self.server.target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PATCH = do_GET  # noqa: N815 - so the standard library looks for it

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def elsewhere():
    """Two such servers."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) for _ in range(2)]
    threads = [threading.Thread(target=each.serve_forever, args=(0.01,)) for each in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.got, server.cut = [], False
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread.start()
    servers[0].target = f"{servers[1].url}/caught"
    servers[1].target = f"{servers[0].url}/again"
    yield servers
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def transport_at(server):
    """Return a transport over real sockets."""
    return Transport(server.url, Key(KEY, SITE), Pacer(None, VirtualClock()))


def test_redirects_are_not_followed(elsewhere):
    """A redirect would carry the key elsewhere: it is an answer that says nothing."""
    first, second = elsewhere
    transport = transport_at(first)
    assert isinstance(transport.tell(PATCH), Lost)
    with pytest.raises(ApiError, match="302"):
        transport.read(GET)
    assert [] == second.got
    assert 2 == len(first.got)


def test_the_environment_has_no_say(elsewhere, monkeypatch, tmp_path):
    """Proxies and a netrc file in the environment neither see nor change a request."""
    first, second = elsewhere
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, second.url)
    transport_at(first).tell(GET)
    assert ([(GET.path, KEY)], []) == (first.got, second.got)


def traces(error):
    """Return everything that a traceback with locals would print, suppressed parts too."""
    told, waiting = [], [traceback.TracebackException.from_exception(error, capture_locals=True)]
    while waiting:
        each = waiting.pop()
        told.append("".join(each.format()))
        waiting += [inner for inner in (each.__cause__, each.__context__) if inner is not None]
    return "".join(told)


def secret_in(text):
    """Say whether the key, or enough of it, is in a text."""
    return KEY[4:] in text


@pytest.mark.parametrize("ask", ["read", "write", "tell"])
def test_a_traceback_with_locals_has_no_key(elsewhere, ask):
    """Errors inside a request, verbose tracebacks included, hold nothing of the key."""
    first, _ = elsewhere
    first.cut = True
    try:
        answer = getattr(transport_at(first), ask)(GET if ask == "read" else PATCH)
        assert ("tell", Lost) == (ask, type(answer))
    except ContactToolsError as error:
        assert not secret_in(traces(error))  # noqa: PT017 - the traceback is what is looked at
    assert {KEY} == {key for _, key in first.got}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_an_interrupt_within_a_request_has_no_key(error):
    """Whatever breaks into a request leaves without the frames that know the key."""

    def handler(request):
        headers = dict(request.headers)
        assert KEY == headers["authorization"]
        raise error from ValueError(headers)

    with pytest.raises(error) as caught:
        transport_to(handler).read(GET)
    assert not secret_in(traces(caught.value))


def test_the_key_is_in_no_dump_of_a_site():
    """Repr, str, format, vars at every depth, and pickle: none of them shows the key."""
    site = site_of(saying(httpx.Response(200, json=CONTACT)))
    site.get_contact("c1")
    seen, waiting, told = set(), [site], []
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type) or len(seen) > 20_000:
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
    key = Key(KEY, SITE)
    assert "<api key> <api key> <api key>" == f"{key} {key!r} {key!s}"
    with pytest.raises(TypeError, match=r"api key|pickle"):
        pickle.dumps(site)
    with pytest.raises(TypeError, match="not written to disk"):
        pickle.dumps(key)


def test_no_log_has_the_key(elsewhere, caplog):
    """At the chattiest level of every logger, a request's log has no key."""
    first, _ = elsewhere
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "contacttools"):
        caplog.set_level(logging.DEBUG, logger=name)
    transport = transport_at(first)
    transport.tell(PATCH)
    first.cut = True
    transport.tell(GET)
    assert any(record.name.startswith("httpcore") for record in caplog.records)
    told = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert not secret_in(told)


def test_trouble_is_not_noisy(caplog, capfd):
    """Requests sent again print nothing and log nothing above the level of information."""
    transport_to(saying(httpx.Response(503), httpx.Response(200, json=CONTACT))).read(GET)
    assert [] == [record for record in caplog.records if record.levelno > logging.INFO]
    assert ("", "") == tuple(capfd.readouterr())
