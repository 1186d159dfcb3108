# SPDX-License-Identifier: GPL-3.0-or-later
"""Mathematics of gr-advphy: link models, channels, baselines, modem, statistics.

The package needs numpy and the compiled kernels, but neither GNU Radio nor torch.
"""

from advphy_model.version import __version__

__all__ = ["__version__"]
