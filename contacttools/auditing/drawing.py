"""Drawing: bars as SVG, that asks nothing of any server. Pure but for `Plot.save`.

A picture takes the colour of its text from the page, so that it is readable in a light and in a
dark theme; its own three colours stand out from both, and differ for the colour-blind too. What is
grave is told by a sign and a word as well.
"""

from __future__ import annotations

import html
import importlib
import os
import unicodedata
from pathlib import Path

import pandas as pd

from contacttools import files
from contacttools.errors import BadValue
from contacttools.planning.render import attribute, visible

WIDTH = 760
EDGE = 16
ROW = 22
COLOURS = {"error": "#c0392b", "warning": "#b8860b", "info": "#2f7fc1"}
_LIGHT, _DARK = ("#1f1f1f", "#ffffff"), ("#e6e6e6", "#111111")  # text, and what is behind it
_SIGNS = {
    "error": "M0 -6L6 0L0 6L-6 0Z",
    "warning": "M0 -5.5L6 5L-6 5Z",
    "info": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z",
}
_SANS = "system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif"
_MONO = "ui-monospace,Menlo,Consolas,DejaVu Sans Mono,Liberation Mono,monospace"
_WIDE = 7.4  # of a letter of 12 px in any of the fonts of one width


class Plot:
    """A picture of an audit. A cell that ends in it shows it.

    Attributes
    ----------
    data : DataFrame
        What is drawn, a row each bar.
    about : str
        What is to be seen, in words; who cannot see the picture is read it.
    """

    def __init__(self, data: pd.DataFrame, about: str, marks: list[str], height: float) -> None:
        self.data, self.about = data, about
        self._marks, self._height = "".join(marks), height

    def svg(self, *, dark: bool | None = None) -> str:
        """Return the picture as SVG text.

        Parameters
        ----------
        dark : bool, optional
            With a light or a dark ground of its own. Without it there is no ground, and the text
            has the colour of the page that the picture stands in.
        """
        told = attribute(self.about)
        box = f"viewBox='0 0 {WIDTH} {self._height:.0f}'"
        head = (
            f"<svg xmlns='http://www.w3.org/2000/svg' role='img' aria-label=\"{told}\" {box} "
            f"width='{WIDTH}' height='{self._height:.0f}' font-family='{_SANS}' font-size='12'"
        )
        if dark is None:
            style = "style='max-width:100%;height:auto;color:var(--jp-ui-font-color1,inherit)'"
            return f"{head} {style} fill='currentColor'>{self._marks}</svg>"
        text, ground = _DARK if dark else _LIGHT
        title = f"<title>{html.escape(visible(self.about))}</title>"
        behind = f"<rect width='100%' height='100%' fill='{ground}'/>"
        return f"{head} color='{text}' fill='{text}'>{title}{behind}{self._marks}</svg>"

    def save(self, path: str | os.PathLike[str], *, dark: bool = False) -> None:
        """Write the picture to a file, replaced whole or not at all.

        Parameters
        ----------
        path : path
            Ends in ``.svg`` or ``.png``. A PNG has two dots of the screen for one, and needs
            vl-convert-python: ``pip install "contacttools[png]"``.
        dark : bool
            On a dark ground.

        Raises
        ------
        BadValue
            It ends in something else, or vl-convert-python is not there.
        """
        kind = Path(path).suffix.lower()
        if kind not in (".svg", ".png"):
            why = f"a plot is saved as .svg or .png, not as {Path(path).name!r}"
            raise BadValue(why)
        drawn = self.svg(dark=dark)
        files.write(path, drawn.encode() if kind == ".svg" else _png(drawn))

    def __repr__(self) -> str:
        return f"<Plot: {visible(self.about)}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {
            "text/html": self.svg(),
            "image/svg+xml": self.svg(dark=False),
            "text/plain": repr(self),
        }


def _png(drawn: str) -> bytes:
    try:
        drawer = importlib.import_module("vl_convert")
    except ImportError:
        why = 'a PNG needs vl-convert-python: pip install "contacttools[png]", or save it as .svg'
        raise BadValue(why) from None
    return bytes(drawer.svg_to_png(drawn, scale=2))


# -- marks ------------------------------------------------------------------------------------


def text(
    x: float, y: float, told: str, *, faint: bool = False, anchor: str = "start", more: str = ""
) -> str:
    """Return a line of text."""
    shown = html.escape(visible(told))
    pale = " opacity='.75'" if faint else ""
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'{pale} {more}>{shown}</text>"


def head(title: str, below: str) -> list[str]:
    """Return the two lines that a picture begins with; the next may stand at `HEAD`."""
    return [
        text(EDGE, 28, title, more="font-size='16' font-weight='600'"),
        text(EDGE, 48, below, faint=True),
    ]


HEAD = 64


def heading(y: float, severity: str, told: str) -> str:
    """Return a severity with its sign, and what there is to say of it."""
    sign = f"<path transform='translate({EDGE + 6} {y - 4:.1f})' d='{_SIGNS[severity]}' "
    name = f"<tspan font-weight='600'>{severity}</tspan> <tspan opacity='.75'>{html.escape(told)}"
    return (
        f"{sign}fill='{COLOURS[severity]}'/>"
        f"<text x='{EDGE + 20}' y='{y:.1f}' font-size='13'>{name}</tspan></text>"
    )


def bar(
    x: float, y: float, width: float, height: float, colour: str, *, told: str, pale: bool = False
) -> str:
    """Return a bar, and what is told where the mouse rests on it."""
    faint = " fill-opacity='.2'" if pale else ""
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height:.1f}' "
        f"fill='{colour}'{faint}><title>{html.escape(visible(told))}</title></rect>"
    )


def name(x: float, y: float, told: str, longest: int = 40) -> str:
    """Return the name of a rule or field, shortened where it is longer than `longest`."""
    kept = shortened(told, longest)
    return text(x, y, kept, more=f'font-family="{_MONO}"')


def shortened(told: str, longest: int) -> str:
    """Return a name as it is drawn: what is too long has dots in its middle."""
    shown = visible(told)
    if wide(shown) <= longest:
        return shown
    half = longest // 2 - 1
    return f"{_upto(shown, half)}…{_upto(shown[::-1], half)[::-1]}"


def room(names: list[str], longest: int = 40) -> float:
    """Return how wide the widest name is drawn, in pixels."""
    return _WIDE * max((wide(shortened(each, longest)) for each in names), default=0)


def wide(told: str) -> int:
    """Return how many letters' room a text takes: letters of the East take that of two."""
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in told)


def _upto(told: str, most: int) -> str:
    kept = ""
    for each in told:
        if wide(kept + each) > most:
            break
        kept += each
    return kept
