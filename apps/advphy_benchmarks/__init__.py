# SPDX-License-Identifier: GPL-3.0-or-later
"""All measurements of speed, one file a subject; `advphy bench` runs them.

They stand apart from the packages that they measure. Compare ratios within one run: a
machine's own speed drifts.
"""
