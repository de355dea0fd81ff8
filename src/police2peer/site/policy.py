# SPDX-License-Identifier: EUPL-1.2
"""What the pages may do: the content security policy of each page and the headers of the server.

Promise: scripts and styles run only when their SHA-256 stands in the policy; nothing is loaded from another origin,
no form is sent, no page is framed, no address is told to the next site. The same rules stand in each page (`<meta>`)
and in `_headers`, so that a host that sets no headers still serves a closed page.
Source: W3C Content Security Policy Level 3; Trusted Types; `_headers` as static hosts read it.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

__all__ = [
    "WASM_SOURCE",
    "WORKER_POLICY",
    "Inline",
    "compact_script",
    "compact_style",
    "header_file",
    "page_policy",
    "read_header_file",
]

WORKER_POLICY = "own-worker"  # the one Trusted Types policy, in assets/page.js
WASM_SOURCE = "'wasm-unsafe-eval'"
_YEAR_S = 31_536_000
_IMMUTABLE = f"public, max-age={_YEAR_S}, immutable"


@dataclass(frozen=True, slots=True)
class Inline:
    """A script or style that stands in a page, and is named there by its hash."""

    content: str

    @property
    def source(self) -> str:
        """The CSP source expression."""
        digest = hashlib.sha256(self.content.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"


def compact_script(*sources: str) -> str:
    """Join scripts without comment lines and indentation; nothing else changes, so that anyone can compare."""
    lines = [line.strip() for source in sources for line in source.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def compact_style(source: str) -> str:
    """Take comments, line ends and idle blanks out of a style."""
    joined = "".join(line.strip() for line in re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL).splitlines())
    return re.sub(r"\s*([{},;>])\s*|(:)\s+", r"\1\2", joined).replace(";}", "}")


def page_policy(style: Inline, *, scripts: tuple[Inline, ...] = (), verifies: bool = False, home: str = "") -> str:
    """Write the policy of a page.

    One that verifies may fetch from its own origin, and hash in a worker that makes its WebAssembly itself;
    `'wasm-unsafe-eval'` allows that and no script from text. `home` is the address of the site, whose catalogue the
    page may fetch when it was saved and has no origin.
    """
    rules = ["default-src 'none'", f"style-src {style.source}", "img-src 'self'"]
    if scripts:
        compiles = [WASM_SOURCE] if verifies else []
        rules.append("script-src " + " ".join([*(script.source for script in scripts), *compiles]))
        rules.append("require-trusted-types-for 'script'")
    if verifies:
        catalogue = f" {home}catalogue/" if home else ""
        rules += [f"connect-src 'self'{catalogue}", "worker-src blob:", f"trusted-types {WORKER_POLICY}"]
    elif scripts:
        rules.append("trusted-types 'none'")
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])


def header_file(policy: str) -> str:
    """Write `_headers`: path patterns, each followed by its headers; `policy` is the widest any page needs."""
    everywhere = {
        "Content-Security-Policy": f"{policy}; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": f"max-age={2 * _YEAR_S}",  # browsers heed it over HTTPS alone
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    blocks = {
        "/*": everywhere,
        "/catalogue/*": {"Access-Control-Allow-Origin": "*"},  # a page that was saved asks from no origin
        "/catalogue/md/*": {"Cache-Control": "no-cache"},
        "/catalogue/head/*": {"Cache-Control": _IMMUTABLE},
        "/catalogue/idx/*": {"Cache-Control": _IMMUTABLE},
        "/catalogue/rec/*": {"Cache-Control": _IMMUTABLE},
        "/catalogue/log/*": {"Cache-Control": "no-cache"},
    }
    lines = [
        line
        for pattern, headers in blocks.items()
        for line in (pattern, *(f"  {name}: {value}" for name, value in headers.items()), "")
    ]
    return "\n".join(lines)


def read_header_file(text: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Read `_headers` back as pairs of path pattern and headers."""
    blocks: list[tuple[str, list[tuple[str, str]]]] = []
    for line in text.splitlines():
        if line.startswith("/"):
            blocks.append((line.strip(), []))
        elif line.strip() and blocks:
            name, _, value = line.strip().partition(": ")
            blocks[-1][1].append((name, value))
    return tuple((pattern, tuple(headers)) for pattern, headers in blocks)
