"""E-mails: how an address is written; no name server is asked. Pure."""

from __future__ import annotations

import functools
import re

from email_validator import EmailNotValidError, validate_email

from contacttools.cleaning.text import clean
from contacttools.cleaning.verdict import Verdict, told

_WRAPPED = re.compile(r"^(?:mailto:\s*)?<?\s*([^<>\s]+@[^<>\s]+?)\s*>?$", re.IGNORECASE)


@functools.lru_cache(maxsize=1 << 17)  # an audit is followed by another one
def email(value: str) -> Verdict:
    """Say how an e-mail address should be written: in small letters, with nothing around it.

    Whoever receives mail takes capitals before the ``@`` for small letters, whatever the standard
    allows. What is no address is left as it is.
    """
    bare = clean(value).strip(" ,;")
    wrapped = _WRAPPED.match(bare)
    bare = wrapped.group(1) if wrapped else bare
    try:
        found = validate_email(bare, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        return Verdict(value, "invalid", _said(error))
    local = found.local_part
    after = f"{local.lower() if local.isascii() else local}@{found.domain}"
    doubt = "" if local.isascii() else "letters before the @ that many services refuse"
    return told(value, after, "capitals or what stood around it", doubt)


def _said(error: EmailNotValidError) -> str:
    """Return why in a few words of one line."""
    return re.sub(r"^The email address (is not valid\. )?", "", str(error)).rstrip(".")
