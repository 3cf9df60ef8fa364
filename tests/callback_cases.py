"""The case files in tests/cases, read: requests as bytes, and the rows that are to be there in the end.

How a case is written stands in tests/cases/README.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .examples import FORM, FORM_TYPE

FOLDER = Path(__file__).parent / "cases"
SECRET = "let-me-in"

#: What the words behind `answer:` stand for; a number stands for its status.
ANSWERS = {
    "stored": {"status": "200", "receipt": "stored"},
    "duplicate": {"status": "200", "receipt": "duplicate"},
    "rejected": {"status": "400", "receipt": "rejected"},
    "413": {"status": "413", "receipt": "rejected"},
    "415": {"status": "415", "receipt": "rejected"},
}

OF_A_REQUEST = {"method", "path", "change", "without", "append", "in", "bytes", "body", "body_hex", "query"}
OF_A_REQUEST |= {"headers", "from", "answer"}
OF_A_CASE = {"case", "settings", "operators", "requests"}
OF_A_CASE |= {"row", "rows", "rejected", "rejection", "rejections"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, as bytes, and what is to be answered."""

    method: str
    path: str
    query: bytes
    body: bytes
    headers: Mapping[str, str]
    remote_addr: str
    answer: Mapping[str, Any]

    @property
    def form(self) -> bytes:
        """What the gateway reads, and keeps as it came."""
        return self.body if self.method == "POST" and self.body else self.query


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Requests in their order, and the rows that are there in the end."""

    name: str
    file: str
    settings: Mapping[str, str]
    operators: str
    calls: Sequence[Call]
    rows: Sequence[Mapping[str, Any]]
    rejections: Sequence[Mapping[str, Any]]
    rejected: Mapping[str, str]


def load_cases() -> Iterator[Case]:
    """Read every case file; all values are text, so `ON` and `0032` mean themselves."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for written in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader):
            of_requests = {key for request in written.get("requests", []) for key in request}
            unknown = (written.keys() - OF_A_CASE | of_requests) - OF_A_REQUEST
            if unknown:
                raise ValueError(f"{path.name}: {written['case']}: unknown: {', '.join(sorted(unknown))}")
            yield read_case(written, path.stem)


def read_case(written: Mapping[str, Any], file: str) -> Case:
    rows = written.get("rows", [written["row"]] if "row" in written else [])
    rejected = {name: text(value) for name, value in written.get("rejected", {}).items()}
    rejections = written.get("rejections", [written["rejection"]] if "rejection" in written else [])
    return Case(
        name=written["case"],
        file=file,
        settings=written.get("settings", {}),
        operators=written.get("operators", ""),
        calls=[
            read_call(request, "stored" if rows else "rejected") for request in written.get("requests", [written])
        ],
        rows=rows,
        rejections=rejections or ([{}] if rejected else []),
        rejected=rejected,
    )


def read_call(written: Mapping[str, Any], otherwise: str) -> Call:
    method = written.get("method", "POST")
    place = written.get("in", "query" if method in ("GET", "HEAD") else "body")
    sent = {"body": b"", "query": b"", place: example_form(written)}
    sent |= {name: text(written[name]).encode("latin-1") for name in ("body", "query") if name in written}
    if "body_hex" in written:
        sent["body"] = bytes.fromhex(written["body_hex"])
    answer = written.get("answer", otherwise)
    default_type = {} if method in ("GET", "HEAD") else {"Content-Type": FORM_TYPE}
    headers = {**default_type, **written.get("headers", {})}
    return Call(
        method=method,
        path=text(written.get("path", f"/spryng/mo/{SECRET}")),
        query=sent["query"],
        body=sent["body"],
        headers={name: value for name, value in headers.items() if value != "NONE"},
        remote_addr=written.get("from", "127.0.0.1"),
        answer=ANSWERS.get(answer, {"status": answer}) if isinstance(answer, str) else answer,
    )


def example_form(written: Mapping[str, Any]) -> bytes:
    """Give the documented example with what the case changes in it."""
    fields = FORM | {name: text(value) for name, value in written.get("change", {}).items()}
    form = "&".join(f"{name}={value}" for name, value in fields.items() if name not in written.get("without", []))
    form += text(written.get("append", ""))
    missing = int(written.get("bytes", len(form))) - len(form)
    return form.replace("&PARM=", "&PARM=" + "x" * missing).encode("latin-1")


def text(value: str | list[str]) -> str:
    """Give a text; `[x, 100]` is a hundred x."""
    return value if isinstance(value, str) else value[0] * int(value[1])
