# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests: qa_*.py need GNU Radio, test_*.py do not."""
