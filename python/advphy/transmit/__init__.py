# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of the transmitter, from messages or images to codewords and bursts."""
