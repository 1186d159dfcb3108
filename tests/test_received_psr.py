# SPDX-License-Identifier: GPL-3.0-or-later
"""advphy radio psr: the PSR at Bob, of recordings whose powers are known."""

import json
import math
import re

import numpy as np
import pytest
from advphy_model.link import links
from advphy_model.measure import radio_check, received_psr
from advphy_model.modem.frame import Frame

from .commands import advphy, done, refused

FRAMES, N = 40, 1e-4  # bursts, power of the noise: SNR about 20 dB
FRAME = Frame.of_model("autoencoder_mlp")
SENT = radio_check.frames_of(links.load("autoencoder_mlp"), FRAME, FRAMES, 1)[0]
# Over the codewords; ramps and gaps have less.
PAYLOAD = slice(4 * FRAME.payload_at[0], 4 * FRAME.payload_at[-1])
POWER = float(np.mean(np.abs(SENT.reshape(FRAMES, -1)[:, PAYLOAD]) ** 2))


def noise(rng, power, size=SENT.size):
    parts = rng.standard_normal((2, size)) * math.sqrt(power / 2)
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def record(name, samples, rate=1e6):
    fields = {"core:datatype": "cf32_le", "core:sample_rate": rate}
    fields["core:version"] = "1.2.5"
    meta = {"global": fields, "captures": [{"core:sample_start": 0}], "annotations": []}
    with open(f"{name}.sigmf-meta", "w") as file:
        json.dump(meta, file)
    samples.astype("<c8").tofile(f"{name}.sigmf-data")


def recorded(rng, psr_db, loss_db=0.0):
    """Record the three, and the noise; BOTH has the adversary at a loss."""
    p = POWER * 10 ** (psr_db / 10)
    record("alice", SENT + noise(rng, N))
    record("adversary", noise(rng, p + N))
    lost = p * 10 ** (-loss_db / 10)
    record("both", SENT + noise(rng, lost + N))
    record("silence", noise(rng, N))


WORDS = "radio psr alice.sigmf-meta adversary.sigmf-meta both.sigmf-meta"


def found(words=""):
    return json.loads(done(WORDS, words, "--json"))


@pytest.mark.parametrize("psr_db", [-15.0, -6.0, 3.0])
def test_the_psr_is_that_of_the_powers(here, rng, psr_db):
    recorded(rng, psr_db)
    for words in ("", "--noise silence.sigmf-meta"):
        said = found(words)
        value, low, high = (said["psr_db"][key] for key in ("value", "low", "high"))
        assert value == pytest.approx(psr_db, abs=0.06)
        assert low < value < high < low + 0.5
        assert said["noise_power"] == pytest.approx(N, rel=0.1)
        assert said["adds"] is True
    said = done(WORDS)
    assert f"PSR at Bob        {value:.2f}"[:20] in said


@pytest.mark.parametrize("sender", ["alice", "adversary"])
def test_a_sender_may_be_off_most_of_the_time(here, rng, sender):
    """Powers 1 and 0.25 where they are on: -6.02 dB, whoever is on 30 % of the time."""
    size, n = 400_000, 0.002
    part = np.arange(size) % 10_000 < 3_000
    always = np.arange(size) % 10_000 < 9_000  # the other, with gaps
    share = {
        name: part if name == sender else always for name in ("alice", "adversary")
    }
    alice = share["alice"] * noise(rng, 1.0, size)
    adversary = share["adversary"] * noise(rng, 0.25, size)
    sent = {"alice": alice, "adversary": adversary, "both": alice + adversary}
    for name, samples in (sent | {"silence": 0 * alice}).items():
        record(name, samples + noise(rng, n, size))
    for words in ("", "--noise silence.sigmf-meta"):
        value = found(words)["psr_db"]["value"]
        assert value == pytest.approx(10 * math.log10(0.25), abs=0.15)


def test_noise_counts_where_the_signals_are_weak(here, rng):
    p = 2 * N
    for name, power in {"alice": 4 * N, "adversary": p, "both": 6 * N}.items():
        record(name, noise(rng, power + N, 400_000))
    record("silence", noise(rng, N, 400_000))
    said = found("--noise silence.sigmf-meta")
    assert said["psr_db"]["value"] == pytest.approx(10 * math.log10(0.5), abs=0.05)
    assert abs(said["excess_db"]["value"]) < 0.05
    said = advphy(WORDS, "--noise silence.sigmf-meta").stderr
    assert "adversary.sigmf-meta: so weak a signal must have had no pauses" in said
    assert "alice.sigmf-meta: so weak" not in said
    # 3 N over 5 N without the noise taken off: -2.2 dB.
    assert "has no gaps in which only noise is heard" in refused(WORDS)


def test_the_interval_holds_the_true_psr_as_often_as_it_says(rng):
    """95 % of 200 intervals: 190, with a standard deviation of 3.1."""
    n, size, inside = 0.1, 40_000, 0
    for _ in range(200):
        levels = [
            received_psr.level(name, [noise(rng, power + n, size)])
            for name, power in (("a", 1.0), ("p", 0.25), ("n", 0.0))
        ]
        psr = received_psr.psr_db(*levels[:2], levels[2].mean)
        inside += psr.low <= 10 * math.log10(0.25) <= psr.high
    assert 178 <= inside <= 199


def test_powers_that_do_not_add_are_said(here, rng):
    recorded(rng, 0.0, loss_db=3.0)
    said = advphy(WORDS)
    assert said.returncode == 1
    assert "the powers do not add within 0.5 dB" in said.stdout
    # (1 + 10^-0.3) / 2 of the sum.
    assert f"{10 * math.log10((1 + 10**-0.3) / 2):.1f}" in said.stdout
    assert advphy(WORDS, "--tolerance-db 2").returncode == 0


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            WORDS.replace("adversary", "silence"),
            "of adversary alone has a power of .* no signal is",
        ),
        (WORDS.replace("both", "slow"), r"slow.sigmf-meta has \(rate, frequency\) = "),
        (WORDS.replace("both", "short"), "short.sigmf-meta must have at least 16384"),
        (WORDS.replace("both", "broken"), "broken.sigmf-meta must have .* finite"),
        (WORDS.replace("both", "zero"), "zero.sigmf-meta must have .* some not 0"),
        (WORDS + " --tolerance-db 0", "--tolerance-db must be above 0"),
    ],
)
def test_recordings_that_do_not_fit_are_refused(here, rng, words, text):
    recorded(rng, -6.0)
    record("slow", SENT, rate=5e5)
    record("zero", 0 * SENT)
    record("short", SENT[:16_000])
    record("broken", np.where(np.arange(len(SENT)) == 9, np.nan, SENT))
    assert re.search(text, refused(words))
