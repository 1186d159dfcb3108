# SPDX-License-Identifier: GPL-3.0-or-later
"""Squared error, PSNR and SSIM against formulas and scikit-image."""

import numpy as np
import pytest
import torch
from advphy_model.files import images
from advphy_model.measure import image_quality as quality

SHAPE = (28, 28)


def noisy(rng, deviation=0.2):
    """Return 20 images of the sample and the same with noise, [20, 784] each."""
    clean = images.load("mnist_sample").take(slice(20)).as_reals()
    noise = rng.normal(0, deviation, clean.shape)
    return clean, np.clip(clean + noise, 0, 1).astype(np.float32)


def test_squared_error_of_images_made_by_hand():
    a = np.array([[0, 0.5, 1, 1], [1, 1, 1, 1]], np.float32)
    b = np.array([[0, 1, 0, 1], [0, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(quality.squared_error(a, b), [1.25, 4])
    np.testing.assert_allclose(quality.mse(a, b), [0.3125, 1])


def test_psnr_follows_its_formula():
    np.testing.assert_allclose(quality.psnr([1, 0.1, 0.01]), [0, 10, 20], atol=1e-12)
    np.testing.assert_allclose(quality.psnr(65.025, peak=255), 30)
    assert quality.psnr(0) == np.inf
    for mse, peak in ((-1, 1), (1, 0)):
        with pytest.raises(ValueError, match="mse must be at least 0"):
            quality.psnr(mse, peak)


def test_ssim_of_an_image_and_itself_is_one(rng):
    clean, _ = noisy(rng)
    np.testing.assert_allclose(quality.ssim(clean, clean, SHAPE), 1, rtol=1e-12)


def test_ssim_of_constant_images_has_the_means_alone():
    a, b = np.full((1, 70), 0.25), np.full((1, 70), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    np.testing.assert_allclose(quality.ssim(a, b, (7, 10)), expected, rtol=1e-9)


def test_ssim_of_one_window_by_hand():
    # One bright pixel of 49 against none: mean 1/49, sample variance 1/49.
    a, b = np.zeros((1, 49)), np.zeros((1, 49))
    a[0, 10] = 1
    expected = 1e-4 * 9e-4 / ((1 / 49**2 + 1e-4) * (1 / 49 + 9e-4))
    np.testing.assert_allclose(quality.ssim(a, b, (7, 7)), expected, rtol=1e-9)


@pytest.mark.parametrize("deviation", [0.01, 0.2, 1])
@pytest.mark.parametrize("shape", [(28, 28), (14, 56)])
def test_ssim_is_that_of_scikit_image(rng, deviation, shape):
    from skimage.metrics import structural_similarity

    clean, received = (x.astype(np.float64) for x in noisy(rng, deviation))
    expected = [
        structural_similarity(a.reshape(shape), b.reshape(shape), data_range=1.0)
        for a, b in zip(clean, received, strict=True)
    ]
    found = quality.ssim(clean, received, shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    # Images in float32, as they are loaded, give no worse.
    found = quality.ssim(*(x.astype(np.float32) for x in (clean, received)), shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_ssim_in_color_is_that_of_scikit_image(rng):
    from skimage.metrics import structural_similarity

    a, b = rng.random((2, 9, 8, 3))
    expected = structural_similarity(a, b, data_range=1.0, channel_axis=2)
    found = quality.ssim(a.reshape(1, -1), b.reshape(1, -1), (9, 8, 3))
    np.testing.assert_allclose(found, [expected], rtol=1e-9)


def test_psnr_is_that_of_scikit_image(rng):
    from skimage.metrics import peak_signal_noise_ratio

    clean, received = (x.astype(np.float64) for x in noisy(rng))
    expected = [
        peak_signal_noise_ratio(a, b, data_range=1)
        for a, b in zip(clean, received, strict=True)
    ]
    found = quality.psnr(quality.mse(clean, received))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_numpy_and_torch_agree(rng):
    pair = noisy(rng)
    tensors = [torch.from_numpy(x) for x in pair]
    for measure in (quality.squared_error, quality.mse):
        np.testing.assert_allclose(
            measure(*tensors).numpy(), measure(*pair), rtol=1e-12
        )
    found = quality.ssim(*tensors, SHAPE).numpy()
    np.testing.assert_allclose(found, quality.ssim(*pair, SHAPE), rtol=1e-10)


def test_ssim_has_the_gradient_of_a_finite_difference(rng):
    a, b = (torch.from_numpy(rng.uniform(size=(2, 72))) for _ in range(2))
    b.requires_grad_()
    assert torch.autograd.gradcheck(lambda b: quality.ssim(a, b, (8, 9)), b)


@pytest.mark.parametrize(
    ("a", "b", "shape", "text"),
    [
        ((2, 784), (2, 783), SHAPE, r"shapes \(2, 784\) and \(2, 783\)"),
        ((2, 28, 28), (2, 28, 28), SHAPE, "expected the same"),
        ((2, 784), (2, 784), (28, 27), "784 pixels, expected 28 x 27"),
        ((2, 60), (2, 60), (6, 10), "at least 7 x 7"),
    ],
)
def test_images_that_do_not_fit_are_refused(a, b, shape, text):
    with pytest.raises(ValueError, match=text):
        quality.ssim(np.zeros(a), np.zeros(b), shape)
