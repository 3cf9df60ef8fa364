"""What a measurement was made on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("gunicorn", "flask", "sqlalchemy", "psycopg", "marshmallow", "uvloop")


def describe() -> str:
    """Name the machine and the versions of the gateway's environment, in two lines."""
    cpus = f"{len(os.sched_getaffinity(0))} CPUs ({_cpu_model()})"
    memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    system = f"{platform.system()} {platform.release()}"
    return (
        f"{cpus}, {memory}, {system}, load {os.getloadavg()[0]:.1f} before the start\n"
        f"Python {platform.python_version()}, {packages}"
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
