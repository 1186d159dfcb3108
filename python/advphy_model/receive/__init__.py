# SPDX-License-Identifier: GPL-3.0-or-later
"""Detection and cancellation of perturbations before the decision."""
