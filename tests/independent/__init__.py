# SPDX-License-Identifier: GPL-3.0-or-later
"""Our numbers against those of other people's programs."""
