"""The chain: whatever is changed in a record, or in the order of records, changes what follows."""

import pytest

from contacttools.journal import chain

LINK = {
    "seq": 3, "at": 1_700_000_000_000, "kind": "answer", "contact": "c1", "step": 1,
    "facts": '{"answer":"written"}', "digest": chain.digest(b"salt", b"value"),
}  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"seq": 4}, {"at": 0}, {"kind": "ended"}, {"contact": "c2"}, {"contact": None},
        {"step": 2}, {"step": None}, {"facts": "{}"}, {"digest": None},
        {"digest": chain.digest(b"salt", b"other")}, {"digest": chain.digest(b"sal", b"tvalue!")},
    ],
    ids=str,
)  # fmt: skip
def test_a_link_covers_all_of_its_record(other):
    """No member of a record can be another without the hash being another."""
    assert chain.link(chain.START, **LINK) != chain.link(chain.START, **LINK | other)


def test_a_link_covers_all_that_came_before():
    """The same record after another one has another hash."""
    assert chain.link(chain.START, **LINK) == chain.link(bytes(32), **LINK)
    assert chain.link(chain.START, **LINK) != chain.link(bytes(31) + b"\1", **LINK)


def test_where_one_member_ends_and_the_next_begins_is_covered():
    """Members that read the same when put together are told apart."""
    split = chain.link(chain.START, **LINK | {"kind": "a", "contact": "bc"})
    assert split != chain.link(chain.START, **LINK | {"kind": "ab", "contact": "c"})


def test_a_digest_is_of_value_and_salt():
    """The same value has as many digests as there are salts: without it none can be tried out."""
    assert chain.digest(b"a" * 16, b"555-0100") != chain.digest(b"b" * 16, b"555-0100")
