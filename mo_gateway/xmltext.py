"""XML that strangers wrote: a document type is stepped over, never fetched; entities of its own are refused."""

import re
from codecs import BOM_UTF8
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

_DECLARED = re.compile(rb"""\s*<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def read_xml(document: str | bytes) -> Element:
    """Read a document, text or bytes with their own declaration; or raise ValueError."""
    builder = TreeBuilder()
    parser = _careful(ParserCreate())
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.SkippedEntityHandler = _refuse  # one that the document type may declare would just be left out
    try:
        parser.Parse(document, True)  # noqa: FBT003 - the last piece of the document
        return builder.close()
    except (ExpatError, AssertionError, UnicodeError, LookupError) as exc:
        raise ValueError(f"it is no XML ({exc})") from exc


def child_text(element: Element, name: str) -> str:
    """Give the text of a child, whatever the case of its name; empty where there is none."""
    for child in element:
        if child.tag.upper() == name.upper():
            return (child.text or "").strip()
    return ""


def declared_charset(document: bytes) -> str | None:
    """Give the encoding that a document declares, in its own writing; None where it declares none."""
    if document.startswith(BOM_UTF8):
        return "utf-8"
    declared = _DECLARED.match(document)
    return declared[1].decode("ascii") if declared else None


def cut_out(document: bytes, root: str, name: str) -> list[bytes]:
    """Cut the children called `name` out of a document, byte for byte, whatever its charset.

    Raises ValueError where it is no XML or its root is another. Names are compared without regard to case. The
    bytes are read as Latin-1, in which each is a character: the mark-up around them is ASCII in any charset here.
    """
    cutter = _Cutter(document, root.upper(), name.upper())
    try:
        cutter.parser.Parse(document, True)  # noqa: FBT003 - the last piece of the document
    except ExpatError as exc:
        raise ValueError(f"it is no XML ({exc})") from exc
    return cutter.pieces


class _Cutter:
    """Listens to a parser, and notes where children begin; each ends where the next thing begins."""

    def __init__(self, document: bytes, root: str, name: str) -> None:
        self.document, self.root, self.name = document, root, name
        self.pieces: list[bytes] = []
        self.depth = 0
        self.begin: int | None = None  #: of the child that is open, or has just ended
        self.parser = _careful(ParserCreate("iso-8859-1"))
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.DefaultHandler = self.other

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._cut()
        if self.depth == 0 and tag.upper() != self.root:
            raise ValueError(f"its root is {tag[:50]}, not {self.root}")
        if self.depth == 1 and tag.upper() == self.name:
            self.begin = self.parser.CurrentByteIndex
        self.depth += 1

    def end(self, _tag: str) -> None:
        self._cut()
        self.depth -= 1

    def other(self, _text: str) -> None:
        self._cut()

    def _cut(self) -> None:
        if self.begin is not None and self.depth == 1:
            self.pieces.append(self.document[self.begin : self.parser.CurrentByteIndex])
            self.begin = None


def _careful(parser: XMLParserType) -> XMLParserType:
    parser.EntityDeclHandler = _refuse
    parser.SetParamEntityParsing(0)  # XML_PARAM_ENTITY_PARSING_NEVER
    return parser


def _refuse(*_declaration: object) -> NoReturn:
    raise ValueError("it has entities of its own, and those are not read")
