"""How many of mutmut's mutants the tests have killed: `python -m tests.mutants.rates`, after `mutmut run`."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import click

LEAST = 0.85  # of the mutants of a module

#: What mutmut says of a mutant that a test has noticed; one that makes the tests hang is noticed too.
NOTICED = ("killed", "timeout")

WIDTH = 32


def counted(lines: Iterable[str]) -> dict[str, Counter[str]]:
    """Count mutants by module and what became of them, from lines like `mo_gateway.keys.x_f__mutmut_1: killed`."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        mutant, is_one, status = line.strip().partition(": ")
        if is_one:
            counts[mutant.rpartition(".")[0]][status] += 1
    return dict(counts)


def rate(of_module: Mapping[str, int]) -> float:
    """Give what part of a module's mutants was noticed."""
    return sum(of_module.get(status, 0) for status in NOTICED) / sum(of_module.values())


@click.command()
def main() -> None:
    """Print a line for each module; the exit code is 1 where too few mutants were noticed, or there were none."""
    results = [sys.executable, "-m", "mutmut", "results", "--all", "true"]
    found = counted(subprocess.run(results, capture_output=True, text=True, check=True).stdout.splitlines())
    for module, of_module in sorted(found.items()):
        words = ", ".join(f"{n} {status}" for status, n in of_module.most_common())
        click.echo(f"{module:{WIDTH}} {rate(of_module):4.0%}  {words}")
    sys.exit(0 if found and all(rate(of_module) >= LEAST for of_module in found.values()) else 1)


if __name__ == "__main__":
    main()
