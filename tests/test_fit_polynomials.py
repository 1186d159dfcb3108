# SPDX-License-Identifier: GPL-3.0-or-later
"""The polynomials of the kernels: interpolants at Chebyshev nodes, in float32."""

import re

import numpy as np
import pytest
from numpy.polynomial import Polynomial, chebyshev

from .conftest import CLONE


def constants(header):
    """Return the constants of a header with nine digits and an exponent, in order."""
    text = (CLONE / "lib" / header).read_text()
    return [float(found) for found in re.findall(r"-?\d\.\d{9}e[+-]\d\d(?=f)", text)]


def ratio(function):
    """Return function(x) / x, 1 at 0."""
    return lambda x: np.where(x == 0, 1, function(x) / np.where(x == 0, 1, x))


NORMALS, EXPONENTIAL = constants("random/box_muller.h"), "network/exponential.h"
EIGHTH, HALF = (np.pi / 4) ** 2, np.log(2) / 2 * 1.0001
POLYNOMIALS = {  # highest power first; the lowest coefficient is 1
    "log(1 + f) / f": (NORMALS[:8], ratio(np.log1p), np.sqrt(0.5) - 1, np.sqrt(2) - 1),
    "sin(x) / x in x^2": (
        NORMALS[8:14:2],
        lambda z: ratio(np.sin)(np.sqrt(z)),
        0,
        EIGHTH,
    ),
    "cos(x) in x^2": (NORMALS[9:14:2], lambda z: np.cos(np.sqrt(z)), 0, EIGHTH),
    "(exp(x) - 1) / x": (constants(EXPONENTIAL)[:6], ratio(np.expm1), -HALF, HALF),
}


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_the_constants_of_a_kernel_are_those_of_the_interpolant(name):
    found, function, low, high = POLYNOMIALS[name]
    degree = len(found)
    nodes = chebyshev.chebpts1(degree + 1) * (high - low) / 2 + (high + low) / 2
    fitted = Polynomial.fit(nodes, function(nodes), degree, domain=[low, high])
    coefficients = fitted.convert().coef[::-1]
    np.testing.assert_allclose(found, coefficients[:-1], rtol=1e-7)
    x = np.linspace(low, high, 10001)
    error = np.polyval([*np.float32(found), 1], x) / function(x) - 1
    assert np.max(np.abs(error)) < 1e-7
