# SPDX-License-Identifier: EUPL-1.2
"""What the tallies say: charts that are SVG with their numbers as text."""

from police2peer.measure.chart import Bar, bar_chart

__all__ = ["Bar", "bar_chart"]
