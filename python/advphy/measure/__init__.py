# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks that count errors, measure distortion, record samples and publish messages."""
