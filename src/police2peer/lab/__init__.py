# SPDX-License-Identifier: EUPL-1.2
"""A loopback network with a tracker, a DHT and real clients: for demo, training, tests and court."""
