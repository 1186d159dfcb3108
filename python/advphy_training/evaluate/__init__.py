# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluation that distrusts itself: robustness of links, secrecy of semantic links."""
