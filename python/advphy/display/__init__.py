# SPDX-License-Identifier: GPL-3.0-or-later
"""Displays; each one has a block, a record of the data that it shows, and a window."""
