"""`explain-text`: what a text is as an SMS, what makes it dear, and which providers send it whole."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import click

from mo_gateway import gsm
from mo_gateway.gsm import Alphabet, Sizing

from . import output

NO_ZONE = ZoneInfo("UTC")  # a text has no times


@dataclass(frozen=True, slots=True)
class Cap:
    """The longest text that a provider sends."""

    parts: int
    septets: int  #: for a text in GSM

    def holds(self, sizing: Sizing) -> bool:
        """Tell whether a text is short enough."""
        septets = sizing.units if sizing.alphabet is Alphabet.GSM else 0
        return len(sizing.parts) <= self.parts and septets <= self.septets


#: As the providers document them: 153 septets a part, but 134 at PSWinCom, and one part at Connect Call.
CAPS: Mapping[str, Cap] = {
    "spryng": Cap(4, 612),
    "connectcall": Cap(1, 160),
    "sms1601": Cap(3, 459),
    "pswincom": Cap(16, 2144),
    "intelecom": Cap(6, 918),
}


@click.command("explain-text")
@click.argument("text")
@output.json_option
def explain_text(text: str, as_json: bool) -> None:
    """Say what TEXT is as an SMS: its alphabet and parts, what makes it dear, which providers send it whole.

    Where TEXT is -, it is read from stdin, without a newline at its end.
    """
    if text == "-":
        text = click.open_file("-", errors="replace").read().removesuffix("\n")
    sizing, alike = gsm.measure(text), gsm.measure(gsm.transliterated(text))
    warning = gsm.doubling(text)
    if as_json:
        output.print_json({**_as_dict(sizing), "warning": warning, "transliterated": _as_dict(alike)})
        return
    _print_sizing(sizing)
    if sizing.forced_by:
        _print_forcing(sizing)
    if alike.text != sizing.text:
        click.echo("\nWith the likenesses instead:\n")
        _print_sizing(alike)
    if warning:
        click.echo(warning, err=True)


def _print_sizing(sizing: Sizing) -> None:
    fields = [
        ("Alphabet", sizing.alphabet.upper()),
        ("Parts", len(sizing.parts)),
        ("Units", f"{sizing.units}, and room for {sizing.units_left} in the last part"),
        ("Too long for", _too_long_for(sizing)),
    ]
    output.print_fields(fields, NO_ZONE)
    click.echo()
    table = output.Table("PART", "UNITS", "TEXT", zone=NO_ZONE)
    table.add(
        [number, gsm.units(part, sizing.alphabet), part] for number, part in enumerate(sizing.parts, start=1)
    )


def _print_forcing(sizing: Sizing) -> None:
    click.echo()
    table = output.Table("NOT IN GSM", "CODE POINT", "NAME", "LIKENESS", zone=NO_ZONE)
    table.add(
        [repr(character), gsm.code_point(character), _name(character), _quoted(gsm.likeness(character))]
        for character in sizing.forced_by
    )


def _as_dict(sizing: Sizing) -> dict[str, Any]:
    return {
        "alphabet": sizing.alphabet,
        "units": sizing.units,
        "units_left": sizing.units_left,
        "parts": sizing.parts,
        "forced_by": [
            {
                "character": character,
                "code_point": gsm.code_point(character),
                "name": _name(character),
                "likeness": gsm.likeness(character),
            }
            for character in sizing.forced_by
        ],
        "too_long_for": _too_long_for(sizing),
    }


def _too_long_for(sizing: Sizing) -> list[str]:
    return [provider for provider, cap in CAPS.items() if not cap.holds(sizing)]


def _name(character: str) -> str | None:
    return unicodedata.name(character, None)


def _quoted(likeness: str | None) -> str | None:
    """Make a likeness seen, also where it is a space, or nothing."""
    return None if likeness is None else repr(likeness)
