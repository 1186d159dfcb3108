# SPDX-License-Identifier: GPL-3.0-or-later
"""From settings to counts: tables, sweeps, engines and statistics."""
