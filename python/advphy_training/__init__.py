# SPDX-License-Identifier: GPL-3.0-or-later
"""Training, attacks and evaluation of link models; needs torch."""
