# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluation of links: robustness with checks of itself, and secrecy."""
