# SPDX-License-Identifier: GPL-3.0-or-later
"""The over-the-air modem, which sends codewords in bursts of samples."""
