# SPDX-License-Identifier: EUPL-1.2
"""Presence on Direct Connect by ADC and ADCS: our own small engine that publishes and never asks for anything."""

from police2peer.networks.directconnect.engine import DirectConnect
from police2peer.networks.directconnect.exchange import NAME
from police2peer.networks.directconnect.settings import DirectConnectSettings, HubAddress, HubSettings

__all__ = ["NAME", "DirectConnect", "DirectConnectSettings", "HubAddress", "HubSettings"]
