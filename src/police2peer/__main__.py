# SPDX-License-Identifier: EUPL-1.2
"""Lets `python -m police2peer` do what the command does."""

from police2peer.cli import main

main(prog_name="police2peer")
