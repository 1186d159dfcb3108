# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens between transmitter and receiver: channels and adversaries."""
