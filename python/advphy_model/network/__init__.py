# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: layers, their description, and which kernel runs them."""
