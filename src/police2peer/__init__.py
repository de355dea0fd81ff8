# SPDX-License-Identifier: EUPL-1.2
"""Presence of police on file-sharing networks, with warning files that anyone can verify."""
