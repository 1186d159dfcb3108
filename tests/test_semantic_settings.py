# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of semantic trainings that make no sense are refused in one sentence."""

import pytest
from advphy_model.files import images
from advphy_training import schemes

from . import small_semantic as small
from .short_trainings import scheme, settings


@pytest.mark.parametrize(
    ("name", "assignment", "text"),
    [
        ("semantic", "power=peak", "power 'peak'.*average, per_message"),
        ("semantic", "task_loss=psnr", "task_loss 'psnr'.*mse, ssim"),
        ("semantic", "reals=0", "reals must be in 1..8192, got 0"),
        (
            "semantic",
            "lowest_snr_db=30",
            "lowest_snr_db must be at most highest_snr_db = 20, got 30",
        ),
        ("semantic", "highest_snr_db=nan", "snr_db must be.*got nan"),
        ("semantic", "warm_up=0.95", "warm_up must be"),
        ("eve", "hidden=64--32", "hidden must be .* got '64--32'"),
        ("eve", "noise=loud", "noise 'loud'.*none, snr"),
        ("paired_arn", "epsilon=0", "epsilon must be > 0, got 0"),
        ("paired_arn", "power_reading=mine", "power reading 'mine'"),
        ("paired_arn", "block=cnn", "block 'cnn'.*mlp, convolution, transformer"),
        ("paired_arn", "weight_privacy=-1", "weight_privacy must be >= 0"),
        ("minmax_arn", "adapting=0", "adapting must be in 1..16"),
        ("minmax_arn", "eve_steps=101", "eve_steps must be in 1..100"),
        ("minmax_arn", "eve_rate=0", "eve_rate must be > 0"),
        ("keyed_arn", "transform=none", "transform 'none'.*signs, sign_permutation"),
        ("keyed_arn", "denoiser=cnn", "denoiser 'cnn'.*mlp, none"),
    ],
)
def test_bad_settings_are_refused(name, assignment, text):
    with pytest.raises(ValueError, match=text):
        settings(name, assignment)


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("paired_arn", ("link=nonsense",), "'nonsense' is neither"),
        ("paired_arn", ("eve=nonsense",), "Eve 'nonsense' is neither"),
        ("paired_arn", ("eve=eve_mnist+",), "Eve '' is neither"),
        ("eve", ("link=bpsk",), "'bpsk' is one of another kind"),
        ("keyed_arn", ("images=nowhere",), "'nowhere'"),
    ],
)
def test_what_is_not_there_is_refused(name, given, text):
    with pytest.raises(ValueError, match=text):
        scheme(name, *given)


@pytest.mark.parametrize("name", ["eve", "paired_arn", "keyed_arn"])
def test_images_of_another_size_are_refused(name, monkeypatch):
    monkeypatch.setattr(images, "load", lambda _: small.images())
    with pytest.raises(ValueError, match=r"56 pixels.*'semantic_mnist.*784"):
        schemes.scheme(name).Scheme(settings(name), 1)


def test_labels_that_eve_does_not_know_are_refused(monkeypatch):
    sample = images.load("mnist_sample")
    labels = sample.labels.copy()
    labels[7] = 11
    more = images.Images("more", sample.pixels, labels, 12)
    monkeypatch.setattr(images, "load", lambda _: more)
    with pytest.raises(ValueError, match=r"'eve_mnist'.*10 classes.*'more'.* 12"):
        schemes.scheme("paired_arn").Scheme(settings("paired_arn"), 1)
