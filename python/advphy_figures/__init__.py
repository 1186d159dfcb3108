# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures from counts and link models, with one look for all."""
