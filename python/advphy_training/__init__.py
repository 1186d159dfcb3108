# SPDX-License-Identifier: GPL-3.0-or-later
"""Train link models, and import networks of the user's own. Needs torch."""
