# SPDX-License-Identifier: GPL-3.0-or-later
"""Image data sets and recordings of samples."""
