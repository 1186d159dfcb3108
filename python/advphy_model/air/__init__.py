# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels and adversaries between the transmitter and the receiver."""
