# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements: settings, engines that count errors, tables and statistics."""
