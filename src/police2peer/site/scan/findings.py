# SPDX-License-Identifier: EUPL-1.2
"""What a scan tells: findings with their remedy, and what was not looked at."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Rule", "ScanReport"]


class Rule(StrEnum):
    """The rules of docs/site.md that a scan holds a site against."""

    ADDRESS = "address"
    HEADERS = "headers"
    POLICY = "policy"
    THIRD_PARTY = "third party"
    COOKIES = "cookies"
    STORAGE = "storage"
    SCRIPT = "script"
    LANGUAGES = "languages"
    HELP = "help"
    PAGES = "pages"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something to mend; the same finding on several pages is one."""

    rule: Rule
    facts: str
    remedy: str
    pages: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f" and {len(self.pages) - 1} more" if len(self.pages) > 1 else ""
        where = f" ({self.pages[0]}{more})" if self.pages else ""
        return f"{self.rule}: {self.facts}{where}\n  {self.remedy}"


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The pages that were read, the languages they offer, what to mend, and what no scan can see."""

    pages: tuple[str, ...]
    languages: tuple[str, ...]
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
