# SPDX-License-Identifier: GPL-3.0-or-later
"""The mathematics of gr-advphy: link models, channels, baselines, engines, statistics.

Needs numpy and the compiled kernels; neither GNU Radio nor torch.
"""

from advphy_model.version import __version__

__all__ = ["__version__"]
