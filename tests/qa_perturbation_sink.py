# SPDX-License-Identifier: GPL-3.0-or-later
"""The perturbation sink: true and estimated p, and how far they are apart."""

import math

import numpy as np
import pytest
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from gnuradio import advphy
from gnuradio.advphy.display.panels_window import PerturbationWindow
from gnuradio.advphy.display.perturbation_sink import (
    PerturbationRecord,
    angle_degrees,
    matches,
    texts,
)

from . import display_events
from .display_events import attack, estimate, painted

P = np.array([1, 0.5j, -0.2, 0, 0.3 - 0.3j, 0, 0.1])


def shown(codebook=None):
    """Return a window without messages."""
    codebook = links.load("hamming74_ml").codebook if codebook is None else codebook
    return PerturbationWindow(PerturbationRecord(codebook))


def test_the_residual_is_that_of_the_estimate_as_it_is():
    plain, best = matches(1.1 * P, P)
    assert plain.residual_db == pytest.approx(-20.0)  # 0.1^2
    assert best == plain
    assert matches(P, P)[0].residual_db == -math.inf


def test_a_sign_or_shift_that_comes_nearer_is_named():
    plain, best = matches(-np.roll(1.1 * P, 2), P)
    assert plain.residual_db > 0
    assert best.residual_db == pytest.approx(-20.0)
    assert (best.sign, best.shift) == (-1, 5)
    assert best.text == "sign changed, shifted by 5"


def test_angles_are_those_of_real_vectors():
    assert angle_degrees(2 * P, P) == pytest.approx(0.0, abs=1e-5)
    assert angle_degrees(1j * P, P) == pytest.approx(90.0)
    assert angle_degrees(-P, P) == pytest.approx(180.0)


def test_arrows_are_painted_where_p_is(application):
    window = shown()
    p = np.full(7, 0.6 + 0.6j)
    assert window.record.take(attack(1.0, True, p=p.tolist()))
    assert window.record.take(estimate(1.0, True, p=(-p).tolist()))
    painted(window)
    assert len(window.plots) == 7
    for true, found in zip(window.true, window.estimated, strict=True):
        assert (true.head.pos().x(), true.head.pos().y()) == (0.6, 0.6)
        assert true.shaft.getData()[1].tolist() == [0.0, 0.6]
        assert (found.head.pos().x(), found.head.pos().y()) == (-0.6, -0.6)
    window.record.take(attack(2.0, False, p=[0j] * 7))
    painted(window)
    assert not window.true[0].shaft.isVisible()


def test_a_canceller_that_is_switched_off_is_understood(application):
    window = shown()
    off = estimate(1.0, False) | {"settings": {"enabled": False}}
    del off["p"], off["psr_db"], off["weights"]
    assert window.record.take(off)
    assert texts(window.record.seen())[1] == "estimated: the canceller is switched off"


def test_the_text_says_what_was_compared(application):
    window = shown()
    assert texts(window.record.seen()) == [
        "true: not reported",
        "estimated: nothing received yet",
    ]
    window.record.take(attack(1.0, True, -3.0, P.tolist()))
    window.record.take(estimate(1.0, False, -20.0, P.tolist()))
    assert texts(window.record.seen()) == [
        "true PSR -3.0 dB",
        "estimated: no perturbation detected",
    ]
    window.record.take(estimate(2.0, True, -3.2, (-1.1 * P).tolist()))
    # ||-1.1 p - p||^2 = 4.41 ||p||^2.
    assert texts(window.record.seen())[1:] == [
        "estimated PSR -3.2 dB",
        # |-1.1 - 1|^2 = 4.41, and 0.1^2 after the change of sign
        "estimate off by 4.4e+02 % of the power (6.4 dB), angle 180°; "
        "sign changed: -20.0 dB",
    ]
    window.record.take(attack(3.0, False, p=[0j] * 7))
    assert texts(window.record.seen()) == [
        "true: attack is off",
        "estimated PSR -3.2 dB",
    ]
    painted(window)


def test_p_of_json_is_pairs(application):
    window = shown()
    pairs = [[value.real, value.imag] for value in P]
    assert window.record.take(attack(1.0, True, p=pairs))
    assert np.allclose(window.record.seen().p, P)


def test_many_channel_uses_share_one_plane(application):
    model = links.load("hamming74_ml")
    wide = type(model)(
        "wide", 1, 12, np.array([[1] * 12, [-1] * 12]), "nearest_codeword"
    )
    window = shown(wide.codebook)
    window.record.take(attack(1.0, True, p=[0.5 + 0.5j] * 12))
    painted(window)
    assert len(window.plots) == 1


def test_what_is_not_understood_is_counted(application):
    window = shown()
    bad = [
        3,
        {},
        {"kind": "psr"},
        attack(1.0, True, p=[1j] * 3),
        attack(1.0, True, p=[math.nan] * 7),
        attack(1.0, True, p="text"),
        estimate(1.0, True, p=[]),
    ]
    assert [window.record.take(message) for message in bad] == [False] * len(bad)
    assert window.record.take({"kind": "counts"})
    assert window.record.refused() == len(bad)
    painted(window)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"model": "nonsense"}, "'nonsense' is neither"),
        ({"frame_rate": 0}, "rate must be.*got 0"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, named):
    with pytest.raises(ValueError, match=named):
        advphy.perturbation_sink(**({"model": "bpsk"} | arguments))


def test_a_stream_shows_what_was_sent_and_estimated(application):
    model = advphy.LinkModel.load("autoencoder_mlp")
    sink, flowgraph = advphy.perturbation_sink(model), advphy.top_block()
    row = np.exp(2j * np.pi * np.arange(7)[None] / 7)
    adversary = advphy.perturbation_source(
        model, Perturbation("turn", "universal", 4, 7, row), -3.0
    )
    canceller = advphy.perturbation_canceller(model)
    counter, channel = advphy.error_counter(model), advphy.channel(model, 6.0)
    flowgraph.connect(advphy.message_source(model), advphy.encoder(model), channel)
    flowgraph.connect(adversary, (channel, 1))
    flowgraph.connect(channel, canceller, advphy.decoder(model), counter)
    flowgraph.msg_connect(adversary, "psr", sink, "in")
    flowgraph.msg_connect(canceller, "estimate", sink, "in")
    flowgraph.start()
    display_events.until(lambda: sink.seen().on and sink.seen().detected)
    flowgraph.stop()
    flowgraph.wait()
    seen = sink.seen()
    assert sink.refused() == 0
    assert (seen.on, seen.kind) == (True, "universal")
    assert seen.psr_db == pytest.approx(-3.0, abs=1e-5)
    assert np.allclose(seen.p, 10**-0.15 * row[0], atol=1e-6)  # PSR of one component
    assert seen.detected
    assert matches(seen.estimate[0], seen.p)[0].residual_db < -10
