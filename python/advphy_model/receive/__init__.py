# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver does before it decides: cancel a perturbation, detect it."""
