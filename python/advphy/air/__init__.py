# SPDX-License-Identifier: GPL-3.0-or-later
"""Air: what happens to codewords on their way."""
