# SPDX-License-Identifier: EUPL-1.2
"""What is known of the program's errors: how often something was tried, under which conditions, and what went wrong.

The figures are data (`known_errors.toml`); a test holds each against the test or benchmark that it names, which is
run with every change of the program.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KnownError", "read_known_errors"]


@dataclass(frozen=True, slots=True)
class KnownError:
    """One figure: `wrong` of `trials` under these conditions; `test` says where it is repeated."""

    question: str
    conditions: str
    trials: int
    wrong: int
    test: str


def read_known_errors() -> tuple[KnownError, ...]:
    """Give every figure, in the order of the file."""
    raw = (Path(__file__).parent / "known_errors.toml").read_text(encoding="utf-8")
    return tuple(KnownError(**each) for each in tomllib.loads(raw)["error"])
