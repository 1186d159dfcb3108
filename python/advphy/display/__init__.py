# SPDX-License-Identifier: GPL-3.0-or-later
"""Display: for each display a block, a record of what it shows, and a window."""
