# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmit: from messages to codewords."""
