# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure: counts of what arrived."""
