# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed forms and earlier counts that are drawn behind measured curves."""

import numpy as np
from advphy_model.link import links
from advphy_model.measure import curves, table
from advphy_model.measure.link_chain import Counts

X_LABELS = {"ebn0_db": "Eb/N0 (dB)", "psr_db": "PSR (dB)", "snr_db": "SNR (dB)"}
MOST = 12  # lines that a reader can distinguish


def closed_form_lines(names, x, first, last):
    """Return [(label, x values, BLER)] of links with theory, named in a text.

    The values of x lie in first..last. ValueError if a link has no theory or x is not
    "ebn0_db".
    """
    lines = []
    for name in _listed(names):
        theory = links.theory(name)
        if theory is None:
            known = [n for n in links.names() if links.theory(n)]
            raise ValueError(
                f"closed_forms = {names!r}: there is no theory of {name!r}; choose "
                f"from {', '.join(known)}"
            )
        if x != "ebn0_db":
            raise ValueError(
                f"closed_forms = {names!r} are functions of Eb/N0, but x = {x!r}; "
                "leave closed_forms empty"
            )
        what, bler = theory
        values = np.linspace(first, last, 101)
        lines.append((f"{name}, {what}", values, np.array([bler(v) for v in values])))
    return lines


def earlier_lines(paths, x):
    """Return [(label, x values, BLER)] of CSVs of counts, whose paths are in a text.

    ValueError if a file is invalid, if there are too many curves, or if x is neither
    "ebn0_db" nor "psr_db".
    """
    listed, lines = _listed(paths), []
    if listed and x not in ("ebn0_db", "psr_db"):
        raise ValueError(
            f"csv = {paths!r}: counts have no {x}; give x = 'ebn0_db' or 'psr_db', or "
            "leave csv empty"
        )
    for path in listed:
        try:
            rows = table.read(path, Counts)
        except OSError as error:
            raise ValueError(
                f"csv = {path!r} cannot be read: {error.strerror}; give a file that "
                "advphy measure or this display wrote"
            ) from None
        for label, points in curves.curves(rows, x).items():
            counted = [(at, *points[at]) for at in sorted(points.keys() - {None})]
            seen = [(at, failures / blocks) for at, failures, blocks in counted]
            values, rates = np.array([p for p in seen if p[1]]).reshape(-1, 2).T
            if len(values):
                lines.append((label, values, rates))
    if len(lines) > MOST:
        raise ValueError(
            f"csv = {paths!r} has {len(lines)} curves, expected at most {MOST}; leave "
            "out some files or rows"
        )
    return lines


def _listed(text):
    return [part.strip() for part in str(text).split(",") if part.strip()]
