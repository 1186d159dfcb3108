#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the polynomial coefficients of the kernels (box_muller.h, exponential.h).

Each polynomial is the interpolant at Chebyshev nodes, found in double precision and
rounded to float32; the largest relative error that remains is printed, too.
Run: /usr/bin/python3 lib/fit_polynomials.py
"""

import numpy as np
from numpy.polynomial import Polynomial, chebyshev


def fit(name, function, low, high, degree):
    """Print float32 coefficients (lowest power first) of function on [low, high]."""
    nodes = chebyshev.chebpts1(degree + 1) * (high - low) / 2 + (high + low) / 2
    found = Polynomial.fit(nodes, function(nodes), degree, domain=[low, high])
    rounded = found.convert().coef.astype(np.float32)
    x = np.linspace(low, high, 100001)
    error = Polynomial(rounded.astype(float))(x) / function(x) - 1
    print(f"{name}: largest relative error {np.max(np.abs(error)):.1e}")
    print("    " + ", ".join(f"{c:.9e}f" for c in rounded))


def ratio(function, limit):
    """Return function(x)/x with its limit at x = 0."""

    def divided(x):
        near = np.abs(x) < 1e-9
        return np.where(near, limit, function(x) / np.where(near, 1, x))

    return divided


if __name__ == "__main__":
    low, high, square = np.sqrt(0.5) - 1, np.sqrt(2) - 1, (np.pi / 4) ** 2
    name = "log(1 + f) / f, f in [sqrt(1/2) - 1, sqrt(2) - 1]"
    fit(name, ratio(np.log1p, 1.0), low, high, 8)
    sine = ratio(np.sin, 1.0)
    fit("sin(x) / x in x^2, x in [0, pi/4]", lambda z: sine(np.sqrt(z)), 0, square, 3)
    fit("cos(x) in x^2, x in [0, pi/4]", lambda z: np.cos(np.sqrt(z)), 0, square, 3)
    half = np.log(2) / 2 * 1.0001
    fit("(exp(x) - 1) / x, |x| <= ln(2)/2", ratio(np.expm1, 1.0), -half, half, 6)
