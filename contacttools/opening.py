"""Opening: how a result is opened to be worked on by hand. It knows nobody and touches nothing.

Widgets stand above the results that they show. So that a result can have a method that opens one,
whoever stands above both, the package itself, says here by what.
"""

from collections.abc import Callable
from typing import Any

_known: dict[str, Callable[..., Any]] = {}


def say(what: str, opener: Callable[..., Any]) -> None:
    """Say by what a kind of result is opened."""
    _known[what] = opener


def by_hand(what: str, *given: object) -> Any:  # noqa: ANN401 - a widget, which ships no types
    """Return the widget in which a kind of result is worked on."""
    return _known[what](*given)
