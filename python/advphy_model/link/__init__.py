# SPDX-License-Identifier: GPL-3.0-or-later
"""Links: codebooks, networks by role, baselines, semantic links, and their files."""
