# SPDX-License-Identifier: GPL-3.0-or-later
"""The over-the-air modem: codewords become bursts of samples, and codewords again."""
