# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements of speed, one module per subject; `advphy bench` runs them.

Compare ratios within one run only, since the speed of a machine drifts.
"""
