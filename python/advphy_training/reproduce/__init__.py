# SPDX-License-Identifier: GPL-3.0-or-later
"""Reproduction of figures of papers, with verdicts on the papers' claims."""
