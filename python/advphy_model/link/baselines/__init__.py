# SPDX-License-Identifier: GPL-3.0-or-later
"""Conventional links, one file each, found by file name.

A baseline module has LINKS, functions without arguments that return a link model by its
name, and BLER, the theory of some of them by name.
"""
