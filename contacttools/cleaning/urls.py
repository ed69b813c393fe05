"""Urls: addresses of web pages; none is looked up. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from contacttools.cleaning.text import clean
from contacttools.cleaning.verdict import Verdict, told

_HOST = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}(?::\d{1,5})?", re.IGNORECASE)
_NONE = "not an address of a web page"


def url(value: str) -> Verdict:
    """Say how the address of a web page should be written.

    Scheme and host come in small letters; what follows is kept, since it may depend on capitals.
    Without a scheme it is doubtful: whether the page answers securely cannot be told.
    """
    text = clean(value)
    if _HOST.fullmatch(text.split("/", 1)[0]):
        return Verdict(value, "doubtful", "says no scheme, such as https://")
    try:
        parts = urlsplit(text)
    except ValueError:
        return Verdict(value, "invalid", _NONE)
    login, _, host = parts.netloc.rpartition("@")
    if why := _wrong(text, parts.scheme, host):
        return Verdict(value, "invalid", why)
    if login:
        return Verdict(value, "doubtful", "holds a user name")
    after = urlunsplit((parts.scheme.lower(), host.lower(), *parts[2:]))
    return told(value, after, "capitals of scheme or host")


def _wrong(text: str, scheme: str, host: str) -> str:
    if re.search(r"\s", text):
        return "an address holds no space"
    if scheme.lower() not in ("http", "https"):
        return f"{scheme} is no scheme of web pages" if scheme else _NONE
    return "" if _HOST.fullmatch(host) else "its host is none"
