# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality of received images: squared error, PSNR and SSIM, in numpy or torch.

Images are batches [batch, rows*columns] of reals in 0..1. Both arrays of a call belong
to the same library. Sums are in float64; in torch, gradients pass through.
"""

import math

import numpy as np

WINDOW = 7  # pixels; this and the next two are the defaults of scikit-image
_C1 = 0.01**2  # (K1 L)^2 with L = 1, the range of the pixels
_C2 = 0.03**2  # (K2 L)^2


def squared_error(a, b):
    """Return the sum over the pixels of (a - b)^2, [batch]; ValueError if unlike."""
    _refuse_unlike(a, b)
    return ((_doubles(a) - _doubles(b)) ** 2).sum(axis=1)


def error_sums(errors) -> dict:
    """Return sums of squared errors [images]; one that is not finite is an erasure."""
    good = np.isfinite(errors)
    return {
        "erasures": int(len(errors) - good.sum()),
        "squared_error": float(errors[good].sum()),
        "squared_error_squares": float((errors[good] ** 2).sum()),
    }


def mse(a, b):
    """Return the mean over the pixels of (a - b)^2, [batch]."""
    return squared_error(a, b) / a.shape[1]


def psnr(mse, peak: float = 1.0):
    """Return the peak signal-to-noise ratio in dB, 10 log10(peak^2 / mse).

    The PSNR of a mean MSE is not a mean of PSNRs. The MSE per pixel is a number or
    an array; 0 gives infinity. `peak` is the largest value of a pixel.
    """
    mse = np.asarray(mse, np.float64)
    if (mse < 0).any() or peak <= 0:
        raise ValueError(
            f"mse must be at least 0 and peak above 0, got mse = {mse}, peak = {peak}"
        )
    with np.errstate(divide="ignore"):
        return 10 * np.log10(peak**2 / mse)


def ssim(a, b, shape):
    """Return the structural similarity of images, [batch], at most 1.

    It is the mean over all 7 x 7 windows inside the image of

        (2 m_a m_b + C1) (2 c + C2) / ((m_a^2 + m_b^2 + C1) (v_a + v_b + C2))

    with means m, sample variances v and covariance c. Z. Wang, A. C. Bovik, H. R.
    Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Trans. Image Processing 13(4), 2004, eq. 13 and 17,
    with the window and the constants that scikit-image's structural_similarity has by
    default; the Gaussian window of the paper gives other values.

    Args:
        a: [batch, rows*columns], times 3 in color.
        b: the same shape; a and b may be exchanged.
        shape: (rows, columns), each at least 7; (rows, columns, 3): mean over colors.

    Raises ValueError if the shapes differ, or an image is smaller than the window.
    """
    _refuse_unlike(a, b)
    rows, columns = shape[:2]
    if min(rows, columns) < WINDOW or a.shape[1] != math.prod(shape):
        raise ValueError(
            f"images have {a.shape[1]} pixels, expected {rows} x {columns} pixels, at "
            f"least {WINDOW} x {WINDOW}"
        )
    a, b = (_doubles(x).reshape(-1, *shape) for x in (a, b))
    mean_a, mean_b = _window_mean(a), _window_mean(b)
    sample = WINDOW**2 / (WINDOW**2 - 1)
    variances = sample * (_window_mean(a * a + b * b) - mean_a**2 - mean_b**2)
    covariance = sample * (_window_mean(a * b) - mean_a * mean_b)
    similarity = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    similarity = similarity / ((mean_a**2 + mean_b**2 + _C1) * (variances + _C2))
    return similarity.reshape(similarity.shape[0], -1).mean(axis=1)


def _window_mean(x):
    """Return the mean over each window inside [batch, rows, columns]."""
    rows, columns = x.shape[1] - WINDOW + 1, x.shape[2] - WINDOW + 1
    x = sum(x[:, i : i + rows] for i in range(WINDOW))
    return sum(x[:, :, i : i + columns] for i in range(WINDOW)) / WINDOW**2


def _doubles(x):
    """Return x as float64; float32 is too coarse for variances of flat windows."""
    return x.astype(np.float64) if isinstance(x, np.ndarray) else x.double()


def _refuse_unlike(a, b):
    if a.shape != b.shape or len(a.shape) != 2:
        raise ValueError(
            f"images have shapes {tuple(a.shape)} and {tuple(b.shape)}, expected the "
            "same [batch, rows*columns]"
        )
