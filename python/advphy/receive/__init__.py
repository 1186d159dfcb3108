# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive: from received vectors to decided messages."""
