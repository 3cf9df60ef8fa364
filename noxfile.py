"""What takes too long for `.ci/run`: `nox -s faults`, and before a release `nox -s release`."""

from pathlib import Path

import nox

nox.options.sessions = ["faults", "release"]

LOCK = "deploy/requirements.lock"


@nox.session(python="3.11")
def faults(session: nox.Session) -> None:
    """Break things for an hour, and print what the promises' page shows."""
    session.install("-e", ".[test]")
    session.run(
        "python",
        "-m",
        "pytest",
        "-m",
        "faults or crashes or storage or long",
        "-q",
        "--timeout=3600",
        *session.posargs,
    )


@nox.session(python="3.11")
def release(session: nox.Session) -> None:
    """What is looked at before a release."""
    session.install("-e", ".[test,check]")
    session.install("bandit>=1.9,<2", "cyclonedx-bom>=7.5,<8", "pip-audit>=2.10,<3", "sqlmap>=1.10,<2")
    session.run("python", "-m", "pytest", "-m", "release", "-q", *session.posargs, env={"CI": "true"})

    # what the image is made of: known holes, and the list that an operator's scanner reads
    Path("dist").mkdir(exist_ok=True)
    session.run("bandit", "--quiet", "-ll", "--recursive", "--configfile", "pyproject.toml", "mo_gateway")
    session.run("pip-audit", "--disable-pip", "--require-hashes", "--requirement", LOCK)
    session.run("cyclonedx-py", "requirements", "--output-reproducible", "--output-file", "dist/sbom.json", LOCK)
    see_what_mutants_survive(session)


@nox.session(python="3.11")
def docs(session: nox.Session) -> None:
    """Make a site of the docs, in `build/docs`; a link that leads nowhere is an error."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "--fail-on-warning", "--quiet", "docs", "build/docs", *session.posargs)


@nox.session(python="3.11")
def lock(session: nox.Session) -> None:
    """Write down the newest versions that `pyproject.toml` allows, with their hashes, for the image."""
    session.install("uv")
    to_build = Path(session.create_tmp()) / "build.in"
    to_build.write_text("\n".join(nox.project.load_toml("pyproject.toml")["build-system"]["requires"]))
    for source, target in (("pyproject.toml", LOCK), (str(to_build), "deploy/build.lock")):
        options = ["--universal", "--python-version=3.11", "--generate-hashes", "--only-binary=:all:", "--upgrade"]
        written = ["--no-annotate", "--custom-compile-command=nox -s lock", "--quiet"]
        session.run("uv", "pip", "compile", *options, *written, f"--output-file={target}", source)


def see_what_mutants_survive(session: nox.Session) -> None:
    """Change each operator and each value of a few modules, and demand that the tests notice nearly all of it."""
    session.install("mutmut>=3.8,<4")
    session.run("mutmut", "run", "--max-children", "2")
    session.run("python", "-m", "tests.mutants.rates")
