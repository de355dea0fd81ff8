# SPDX-License-Identifier: EUPL-1.2
"""`police2peer counting show|key`: what was counted, by one node or many, and a key for nodes that do it together."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from police2peer.contacts import CountedPeriod, TallyStore

__all__ = ["counting"]

_GROUPS = ("arm", "client", "country", "hour", "network", "offer")


@click.group()
def counting() -> None:
    """See what was counted, and let nodes count together."""


@counting.command()
@click.argument("tallies", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", type=click.Choice(_GROUPS), default="arm", show_default=True, help="Group the counts by this.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def show(tallies: tuple[Path, ...], *, by: str, as_json: bool) -> None:
    """Show what the nodes of these files (node/tallies.sqlite) counted, together.

    How many were different is an estimate, merged over the nodes that counted under one key; a number below ten is
    not shown.
    """
    from police2peer.contacts import TallyStore  # noqa: PLC0415 - slow to load

    reached: dict[str, Counter[int]] = {}
    crawlers: Counter[str] = Counter()
    periods: list[CountedPeriod] = []
    gaps = 0
    for path in tallies:
        with TallyStore(path) as store:
            _gather(store, by, reached, crawlers)
            periods += store.periods()
            gaps += len(store.gaps())
    different = _different(periods)
    if as_json:
        plain = {
            "by": by,
            "reached": {
                group: {str(rung): n for rung, n in sorted(counts.items())} for group, counts in reached.items()
            },
            "crawlers": dict(sorted(crawlers.items())),
            "gaps": gaps,
            "periods": different,
        }
        click.echo(json.dumps(plain, indent=1))
        return
    _print(by, reached, crawlers, different)
    if gaps:
        click.echo(f"{gaps} gaps: the counts are a lower bound")


def _gather(store: "TallyStore", by: str, reached: dict[str, Counter[int]], crawlers: Counter[str]) -> None:
    for group, counts in store.reached(by=by).items():
        reached.setdefault(group, Counter()).update({int(rung): count for rung, count in counts.items()})
    for key, count in store.crawlers().items():
        crawlers[key.reason.value] += count


def _different(periods: "list[CountedPeriod]") -> list[dict[str, Any]]:
    """Merge what was counted under one key; what is too small is told without its number."""
    from police2peer.contacts import FLOOR, merge, publishable  # noqa: PLC0415

    spans = {found.period.id: found.period for found in periods}
    nodes = Counter(found.period.id for found in periods)
    rows = []
    for (period_id, about), found in sorted(merge(periods).items()):
        shown = publishable(found)
        rows.append(
            {
                "period": period_id,
                "begins": spans[period_id].begins.isoformat(),
                "ends": spans[period_id].ends.isoformat(),
                "nodes": nodes[period_id],
                "network": about.network,
                "arm": about.arm,
                "counted": about.counted.value,
                "count": shown.count if shown else None,
                "low": shown.low if shown else None,
                "high": shown.high if shown else None,
                "below": None if shown else FLOOR,
            }
        )
    return sorted(rows, key=lambda row: (row["begins"], row["network"], row["arm"], row["counted"]))


def _print(
    by: str, reached: dict[str, Counter[int]], crawlers: Counter[str], different: list[dict[str, Any]]
) -> None:
    names = ("announced", "shook hands", "metadata", "asked", "piece", "all", "came back")
    click.echo(f"{by:<28}" + "".join(f"{name:>12}" for name in names[1:]))
    for group, counts in sorted(reached.items()):
        click.echo(f"{group:<28}" + "".join(f"{counts[rung]:>12}" for rung in range(1, len(names))))
    click.echo("Contacts begin at `asked`; who never asked:")
    for reason, count in sorted(crawlers.items()):
        click.echo(f"  {count:>10}  {reason}")
    for row in different:
        told = (
            f"fewer than {row['below']}" if row["count"] is None else f"{row['count']} ({row['low']}-{row['high']})"
        )
        click.echo(
            f"{row['begins'][:10]} to {row['ends'][:10]}, {row['nodes']} node(s), {row['network']} {row['arm']}: "
            f"{told} {'different' if row['counted'] == 'different' else 'came back'}"
        )


@counting.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--from", "begins", type=click.DateTime(["%Y-%m-%d"]), default=None, help="First day, UTC; today if left out."
)
@click.option(
    "--until", "ends", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day on which it ends, UTC."
)
def key(out: Path, begins: datetime | None, ends: datetime) -> None:
    """Draw the key of a counting period into OUT, for nodes that count together.

    OUT must lie in memory (/run, /dev/shm). Bring it to each node over a channel of your own, to the place that
    `period_key` of its settings names, and delete it here: each node destroys its copy when the period ends, and
    only when every copy is gone can nobody be found in what was counted.
    """
    from police2peer.contacts import write_period_key  # noqa: PLC0415 - slow to load

    now = datetime.now(UTC)
    first = begins.replace(tzinfo=UTC) if begins else now.replace(hour=0, minute=0, second=0, microsecond=0)
    period = write_period_key(out, first, ends.replace(tzinfo=UTC), os.urandom)
    click.echo(f"period {period.id}: from {period.begins:%Y-%m-%d} until {period.ends:%Y-%m-%d}, for its owner alone")
