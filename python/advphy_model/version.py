# SPDX-License-Identifier: GPL-3.0-or-later
"""Version of gr-advphy, the same as in CMakeLists.txt, MANIFEST.yml, CITATION.cff."""

__version__ = "0.5.0"
