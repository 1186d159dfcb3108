# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of papers measured again, and the papers' claims judged."""
