"""Nicknames: what people are called beside the name they were given. Pure."""

from __future__ import annotations

from typing import Final

# One line a name; each may stand for any other of its line.
_FORMS: Final = """
alexander alex sandy sasha al
alfred alf fred freddie
andrew andy drew
anthony tony ant
barbara barb babs
benjamin ben benny
catherine katherine kathryn kate katie kathy cathy kay
charles charlie chuck chas
christine christina chris tina chrissie
christopher chris kit topher
daniel dan danny
david dave davey
deborah debra deb debbie
dorothy dot dottie dolly
edward ed eddie ted teddy ned
eleanor ellie nell nora
elizabeth liz lizzie beth betty bess eliza libby
frances fran frankie
francis frank frankie
franziska franzi
gerald gerry jerry
gregory greg
harold harry hal
henry harry hank
jacob jake
james jim jimmy jamie
jennifer jen jenny
jessica jess jessie
johannes hannes hans
john jack johnny jon
jonathan jon jonny
joseph joe joey
josephine jo josie
kenneth ken kenny
lawrence larry laurie
leonard len lenny leo
margaret maggie meg peggy greta margie madge
matthew matt
michael mike mick mickey
nicholas nick nicky
patricia pat patty tricia trish
patrick pat paddy
peter pete
philip phil
rebecca becky becca
richard rick rich dick ricky
robert rob bob bobby robbie bert
ronald ron ronnie
samuel sam sammy
samantha sam
stephen steven steve
susan sue susie suzanne
theodore ted teddy theo
thomas tom tommy
timothy tim
victoria vicky tori
vincent vince
william bill billy will willie liam
"""
_LINES: Final[dict[str, frozenset[int]]] = {}
for _number, _line in enumerate(_FORMS.split("\n")):
    for _word in _line.split():
        _LINES[_word] = _LINES.get(_word, frozenset()) | {_number}
_NONE: Final[frozenset[int]] = frozenset()


def nickname(one: str, two: str) -> bool:
    """Say whether one first name is a form of the other: an initial, a part of it, or a nickname.

    Examples
    --------
    >>> nickname("bill", "william"), nickname("j", "jane"), nickname("anna maria", "anna")
    (True, True, True)
    >>> nickname("jane", "john")
    False
    """
    if len(one) == 1 or len(two) == 1:
        return one[:1] == two[:1]
    few, many = sorted((one.split(), two.split()), key=len)
    if few and len(few) < len(many) and len(few[0]) > 2 and many[0] == few[0]:
        return True
    return bool(_LINES.get(one, _NONE) & _LINES.get(two, _NONE))


# What a man's name ends in, and a woman's that is otherwise the same.
_ENDINGS: Final = frozenset(
    {("", "a"), ("", "ne"), ("", "le"), ("", "la"), ("", "na"), ("", "ina"), ("", "ine"),
     ("", "ette"), ("o", "a"), ("us", "a"), ("as", "a"), ("io", "ia"), ("an", "ina"), ("er", "ra")}
)  # fmt: skip


def gendered(one: str, two: str) -> bool:
    """Say whether two first names are a man's and a woman's with the same beginning.

    Examples
    --------
    >>> gendered("daniel", "daniela"), gendered("maria", "mario"), gendered("marie", "maria")
    (True, True, False)
    """
    common = next(
        (at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
        min(len(one), len(two)),
    )
    ends = one[common:], two[common:]
    return common > 3 and (ends in _ENDINGS or ends[::-1] in _ENDINGS)
