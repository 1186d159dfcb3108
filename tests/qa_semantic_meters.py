# SPDX-License-Identifier: GPL-3.0-or-later
"""What the semantic blocks measure: distortion, accuracy, power, against formulas."""

import math

import numpy as np
import pytest
from advphy_model.measure import image_quality
from gnuradio import advphy, blocks, gr

from . import small_semantic as small
from .heard import heard
from .qa_semantic_blocks import codes, source, stream
from .test_packed_network import by_hand
from .test_semantic_chain import PAIR


def test_the_distortion_meter_measures_what_formulas_say():
    found = small.images()
    sent = found.as_reals()[(20 + np.arange(200)) % 61]
    decoded = np.clip(sent + 0.1 * np.sin(np.arange(200 * 56)).reshape(200, 56), 0, 1)
    decoded = decoded.astype(np.float32)
    decoded[[3, 64], 5] = np.nan
    meter = advphy.distortion_meter(found, 20, ssim_every=4)
    meter.set_max_noutput_items(13)  # frames that SSIM is of lie anywhere in a call
    stream(source(decoded), meter)
    (segment,) = meter.segments()
    fine = ~np.isnan(decoded).any(axis=1)
    assert (segment.first_frame, segment.sums["frames"]) == (20, 200)
    assert segment.sums["erasures"] == 2
    mse = np.mean((decoded[fine].astype(float) - sent[fine]) ** 2)
    assert meter.mse() == pytest.approx(mse, rel=1e-6)
    which = np.arange(0, 200, 4)  # frame 20 is a multiple of 4
    which = which[fine[which]]
    assert segment.sums["ssim_frames"] == len(which) == 49
    expected = image_quality.ssim(decoded[which], sent[which], (8, 7)).mean()
    assert meter.figures(segment.sums)["ssim"] == pytest.approx(expected)
    text = f"MSE {mse:.4f}, PSNR {-10 * math.log10(mse):.1f} dB, SSIM {expected:.2f}"
    assert meter.text() == text


def test_the_accuracy_counter_counts_what_is_right():
    found = small.images()
    labels = found.labels[(55 + np.arange(300)) % 61].copy()
    labels[::3] = (labels[::3] + 1) % 10
    labels[1::30] = 255
    counter = advphy.accuracy_counter(found, 55)
    counter.set_max_noutput_items(7)
    stream(blocks.vector_source_b(labels.tolist()), counter)
    (segment,) = counter.segments()
    assert segment.sums == {"frames": 300, "erasures": 10, "correct": 190}
    assert counter.accuracy() == pytest.approx(190 / 300)
    newest = counter.figures(segment.sums)
    true = found.labels[(55 + np.arange(288, 300)) % 61]
    assert newest["labels"] == " ".join(map(str, true))
    assert newest["read"] == " ".join(map(str, labels[288:]))
    assert counter.text().startswith("63.3% (57.7%..68.6%")  # Wilson's interval


def test_the_power_port_says_what_numpy_computes():
    link = small.semantic_link(pair=PAIR)
    x = codes(link, 400)
    alice, messages = advphy.alice_arn(link), heard()
    flowgraph = advphy.top_block()
    flowgraph.connect(source(x), alice, blocks.null_sink(24))
    flowgraph.msg_connect((alice, "power"), (messages, "in"))
    flowgraph.run()
    sent = x + by_hand(link.networks["alice"], x, True, True)
    energies = [np.sum(np.abs(v.astype(complex)) ** 2) for v in (x, sent - x, sent)]
    psr_db = 10 * math.log10(energies[1] / energies[0])
    power_db = 10 * math.log10(energies[2] / (400 * 5))
    assert alice.power() == (pytest.approx(psr_db), pytest.approx(power_db))
    assert list(alice.energies().values()) == pytest.approx(energies, rel=1e-5)
    first = messages.said()[0]
    items = first["items"]
    part = [np.sum(np.abs(v[:items].astype(complex)) ** 2) for v in (x, sent - x, sent)]
    assert first["psr_db"] == pytest.approx(10 * math.log10(part[1] / part[0]))
    assert first["transmit_power_db"] == pytest.approx(
        10 * math.log10(part[2] / (5 * items))
    )
    assert first["settings"] == {"inserted": True}


def test_small_images_can_be_measured_without_ssim():
    found = small.images(shape=(2, 3))
    meter = advphy.distortion_meter(found, ssim_every=0)
    stream(advphy.image_source(found, 0, 100), meter)
    assert meter.mse() == 0
    assert gr.sizeof_float * 6 == meter.input_signature().sizeof_stream_item(0)
