"""A plugin for pytest that refuses to test any other `mo_gateway` than the one beside it."""

from pathlib import Path

import mo_gateway

HERE = Path(__file__).parent

if Path(mo_gateway.__file__).parent != HERE / "mo_gateway":
    raise ImportError(f"tested would be {mo_gateway.__file__}, and not the copy in {HERE}")
