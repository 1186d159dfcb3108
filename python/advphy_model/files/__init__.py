# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of images and recordings of samples."""
