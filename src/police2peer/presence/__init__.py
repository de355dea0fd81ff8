# SPDX-License-Identifier: EUPL-1.2
"""The node: keeps the offers of a release up, turns wire events into contacts, watches itself."""
