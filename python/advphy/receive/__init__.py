# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of the receivers, from samples and received vectors to messages or images."""
