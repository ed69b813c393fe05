"""Words: what invented people are made of. Constants only.

Surnames and companies are coined. Telephone numbers are those that each country's regulator keeps
free for films and books; countries without such a range have no numbers here. E-mail domains are
those reserved for examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contacttools.sandbox.rules.definitions import DataType


@dataclass(frozen=True, slots=True)
class Culture:
    """People of one language and country.

    Attributes
    ----------
    locale
        BCP 47 tag, lower case.
    country
        Of addresses and telephone numbers, ISO 3166 alpha-2.
    firsts, lasts
        First names and coined surnames.
    places
        City, subdivision code (or ``""``) and first postal code of a range of a hundred.
    streets
        Names of streets; ``#`` stands for the number of the house.
    """

    locale: str
    country: str
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    places: tuple[tuple[str, str, str], ...]
    streets: tuple[str, ...]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in text.split())


CULTURES: Final[tuple[tuple[int, Culture], ...]] = (
    (
        34,
        Culture(
            "en-us",
            "US",
            _names(
                "Amelia Benjamin Carlos Dana Elijah Fiona Grant Hazel Isaac Joanna "
                "Kendra Liam Mabel Noah Olive Parker Quinn Rosa Silas Tessa Uma Victor "
                "Wendy Xavier Yara Zane Margaret Robert William Elizabeth "
            ),
            _names(
                "Ashgrovely Bramwickson Copperfen Dunmarley Eversoll Fernhollow "
                "Grayloft Hartwilder Inkersley Juniperdale Kettlemore Larkspurne "
                "Mapleworthy Nettlecombe Oakensby Pepperdown Quillmark Rookhaven "
                "Saltmarshe Thistleroy Underbrook Vantermeer Willowbyte Yarrowden "
                "Zellermint McQuillory O'Tarrant Van-der-Loom "
            ),
            (
                ("Springfield", "US-IL", "62701"),
                ("Portland", "US-OR", "97201"),
                ("Austin", "US-TX", "78701"),
                ("Burlington", "US-VT", "05401"),
                ("Denver", "US-CO", "80201"),
                ("New York", "US-NY", "10001"),
            ),
            ("# Maple Street", "# Elm Avenue", "# Mill Road, Suite 12", "# Harbor Drive"),
        ),
    ),
    (
        8,
        Culture(
            "fr-ca",
            "CA",
            _names("Amélie Benoît Chloé Étienne Geneviève Jérôme Maëlle Noémie Rémi Zoé "),
            _names(
                "Beauchênier Clairvallon Desrivages Grandpréaux Larochelaine "
                "Montcerfeuil Sainte-Ombre "
            ),
            (
                ("Montréal", "CA-QC", "H2X 1Y4"),
                ("Toronto", "CA-ON", "M5V 2T6"),
                ("Vancouver", "CA-BC", "V6B 1A1"),
            ),
            ("# rue des Érables", "# King Street West", "# chemin du Lac"),
        ),
    ),
    (
        14,
        Culture(
            "en-gb",
            "GB",
            _names(
                "Alistair Bronwen Callum Daphne Euan Ffion Gareth Harriet Imogen Niamh "
                "Rhys Siân Tamsin "
            ),
            _names(
                "Applethwaite Birchamley Cobblesworth Dewhaven Fetherstow Gorsedale "
                "Hollinbrough Kestrelby Llanferrow Marshgate-Pryde Pennyquick "
                "Ravenscott Tidesworth Wherrifield "
            ),
            (("Leeds", "", "LS1 4AP"), ("London", "", "N1 0ZZ"), ("Cardiff", "GB-WLS", "CF10 1EP")),
            ("# Station Road", "Flat 3, # Church Lane", "# The Crescent"),
        ),
    ),
    (
        12,
        Culture(
            "de-de",
            "DE",
            _names(
                "Anja Björn Cäcilie Detlef Elfriede Günther Heike Jürgen Käthe Lütz "
                "Sören Uwe Ursula Jörg "
            ),
            _names(
                "Apfelbäumler Birkenholt Dornbüschel Eichenröder Fährmannsky Grünwasser "
                "Hügelstedt Krähenbühler Lindwasser Mühlgräber Nüßlein-Quast "
                "Straußdörfer Weißenquell von_Thalbrück "
            ),
            (
                ("Berlin", "DE-BE", "10115"),
                ("München", "DE-BY", "80331"),
                ("Köln", "DE-NW", "50667"),
            ),
            ("Lindenstraße #", "Am Mühlbach #", "Schloßgasse # a"),
        ),
    ),
    (
        9,
        Culture(
            "fr-fr",
            "FR",
            _names(
                "Aurélie Baptiste Cédric Élodie François Hélène Loïc Margaux Océane Raphaël Solène "
            ),
            _names(
                "Beaurivel Champfleuret D'Aubrelac Fontvieillard Lemuguet Rochefontal "
                "Valombreux Çelandier "
            ),
            (
                ("Lyon", "FR-ARA", "69001"),
                ("Paris", "FR-IDF", "75011"),
                ("Nantes", "FR-PDL", "44000"),
            ),
            ("# rue de la Gare", "# bis, avenue des Tilleuls", "# place du Marché"),
        ),
    ),
    (
        7,
        Culture(
            "en-au",
            "AU",
            _names("Bindi Cooper Darcy Esme Flynn Indigo Jarrah Kirra Lachlan Matilda Tahlia "),
            _names("Banksiaford Coolabrook Dingleby Emberlong Gumleighton Mallowmere Wattlesham "),
            (
                ("Sydney", "AU-NSW", "2000"),
                ("Melbourne", "AU-VIC", "3000"),
                ("Perth", "AU-WA", "6000"),
            ),
            ("# Wattle Street", "Unit 4/# Beach Road", "# Jacaranda Court"),
        ),
    ),
    (
        7,
        Culture(
            "sv-se",
            "SE",
            _names("Åsa Björn Elsa Göran Håkan Ingrid Jörgen Linnéa Märta Östen Ylva "),
            _names(
                "Almskogen Björkvattner Ekdunge Fjällsparv Granlycka Höstlöv Sjöglimt "
                "Tallvinge Ängsblom "
            ),
            (
                ("Stockholm", "SE-AB", "111 20"),
                ("Göteborg", "SE-O", "411 03"),
                ("Malmö", "SE-M", "211 18"),
            ),
            ("Björkgatan #", "Storgatan # B", "Ängsvägen #"),
        ),
    ),
    (
        3,
        Culture(
            "ja-jp",
            "JP",
            ("さくら", "陽翔", "結衣", "健太", "美咲", "翔太"),
            ("星川原", "月見坂本", "霧ヶ峰田", "桜雲寺", "風早野原"),
            (("札幌市", "JP-01", "060-0001"), ("東京都", "JP-13", "100-0001")),
            ("中央区北一条西#丁目", "千代田区架空町#番地"),
        ),
    ),
    (
        3,
        Culture(
            "uk-ua",
            "UA",
            ("Оксана", "Тарас", "Людмила", "Богдан", "Ярина", "Остап"),
            ("Березогайський", "Зорепаденко", "Криничанська", "Вітроломенко", "Лісопільська"),
            (("Київ", "UA-30", "01001"), ("Львів", "UA-46", "79000")),
            ("вул. Вигадана, #", "просп. Казковий, #"),
        ),
    ),
    (
        3,
        Culture(
            "he-il",
            "IL",
            ("נועה", "איתי", "תמר", "יונתן", "שירה", "עומר"),
            ("גבעת־ענן", "אלון־ירח", "נחל־כסף", "הר־שקד"),
            (("תל אביב", "IL-TA", "6100000"), ("חיפה", "IL-HA", "3100000")),
            ("רחוב הדמיון #", "שדרות האגדה #"),
        ),
    ),
)
"""All cultures, each with its share in a hundred people."""

PHONES: Final[Mapping[str, tuple[str, ...]]] = {
    "US": (
        "212-555-01##",
        "503-555-01##",
        "512-555-01##",
        "802-555-01##",
        "303-555-01##",
        "646-555-01##",
        "415-555-01##",
    ),
    "CA": ("416-555-01##", "514-555-01##", "604-555-01##"),
    "GB": ("020 7946 0###", "0113 496 0###", "029 2018 0###", "07700 900###"),
    "AU": ("02 5550 ####", "03 7010 ####", "08 5550 ####", "0491 570 156"),
    "FR": ("01 99 00 ## ##", "02 61 91 ## ##", "06 39 98 ## ##"),
    "DE": ("030 23125 ###", "089 99998 ###", "040 66969 ###", "0221 4710 ###"),
    "SE": ("08-465 004 ##", "031-390 06 ##", "040-628 04 ##"),
}
"""Numbers reserved for fiction, in the usual national notation; ``#`` is any digit."""

CALLING_CODES: Final[Mapping[str, str]] = {
    "US": "1",
    "CA": "1",
    "GB": "44",
    "AU": "61",
    "FR": "33",
    "DE": "49",
    "SE": "46",
}

COMPANIES: Final = (
    ("Larkfield & Moss Ltd", "larkfield-moss"),
    ("Northwindel Logistics Inc.", "northwindel"),
    ("Bäckerei Kornquell GmbH", "kornquell"),
    ("Café Ombreline", "ombreline"),
    ("Tideglass Studios", "tideglass"),
    ("Fjordlykt AB", "fjordlykt"),
    ("Atelier Grisaube SARL", "grisaube"),
    ("Copperkettle Foods, Inc.", "copperkettle"),
    ("Wattlebird Yoga Pty Ltd", "wattlebird-yoga"),
    ("Quillmark Legal LLP", "quillmark"),
    ("Blue Pepperdown Florists", "blue-pepperdown"),
    ("Zephyrine Travel Co.", "zephyrine"),
)
"""Coined companies, each with its domain before ``.example``."""

JOBS: Final = (
    "Owner", "Office Manager", "Buyer", "Head of Marketing", "Accountant", "Teacher", "Architect",
    "CEO", "Florist", "Geschäftsführerin", "Chargé d'affaires", "Software Engineer",
)  # fmt: skip
NICKNAMES: Final = ("Bee", "Ace", "Sunny", "Chief", "Mouse", "Kit", "Lou", "Pip", "Ziggy", "Jonny")
LABELS: Final[Mapping[str, str]] = {
    "custom.vip": "VIP",
    "custom.press": "Press",
    "custom.supplier": "Supplier",
    "custom.newsletter-2023": "Newsletter 2023",
    "custom.fair-visitor": "Fair visitor",
}
FIELDS: Final[Mapping[str, tuple[str, DataType]]] = {
    "custom.nickname": ("Nickname", "TEXT"),
    "custom.customer-number": ("Customer Number", "NUMBER"),
    "custom.last-contacted": ("Last Contacted", "DATE"),
    "custom.website": ("Website", "URL"),
}
DOMAINS: Final = ("example.com", "example.org", "example.net")
ROLES: Final = ("info", "office", "sales", "contact", "accounts", "hello")
