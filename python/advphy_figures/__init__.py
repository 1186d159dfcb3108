# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of counts and link models, all in the same style."""
