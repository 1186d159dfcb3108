# SPDX-License-Identifier: GPL-3.0-or-later
"""The adversary against a plain numpy reference of its definition."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from advphy_model import kernels, randomness
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.link.baselines.nearest_codeword import nearest_codeword
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.power import noise_sigma

from .counting import counted

N, K = 7, 4
RNG = np.random.default_rng(5)


def rows(count, n=N):
    return RNG.normal(size=(count, n)) + 1j * RNG.normal(size=(count, n))


UNIVERSAL = Perturbation("some", "universal", K, N, rows(1))
TABLE = Perturbation("some", "table", K, N, rows(16))
BOOK = Perturbation("some", "book", K, N, rows(5))
JAMMER = Perturbation("some", "jammer", K, N, np.abs(rows(1)))
FLAT_JAMMER = perturbation.jammer(K, N, -3.0)


def words(seed, first, count, stream=2):
    out = np.empty((count, 4), np.uint32)
    kernels.random_words(seed, stream, first, out)
    return out.astype(np.float64)


def gaussians(seed, first, count, stream):
    out = np.empty((count, 2), np.float32)
    kernels.gaussian(seed, 2 * first, out, stream)
    return out[:, 0] + 1j * out[:, 1]


def reference(a, sent, first, count):
    """Return what arrives, by the words of the docstring, in double precision."""
    p = a.perturbation
    n, block = p.n, first + np.arange(count)
    psr = p.psr_db if a.psr_db is None else a.psr_db
    base = p.rows * 10 ** ((psr - p.psr_db) / 20)
    w = words(a.seed, first, count) / 2**32
    period = block // a.hold
    held = words(a.seed, period[0], period[-1] - period[0] + 1)[period - period[0], 2]
    out = np.empty((count, n), complex)
    for j in range(count):
        drawn = int(held[j] % 2**31 / 2**31 * len(base)) if p.kind == "book" else 0
        row = base[sent[j] if p.kind == "table" else drawn]
        shift = int(w[j, 0] * n) if a.shift == "random" else a.shift
        out[j] = [row[(i - shift) % n] for i in range(n)]
    if p.kind == "jammer":
        g = gaussians(a.seed, first * n, count * n, 4).reshape(count, n)
        out = np.abs(out) * g / math.sqrt(2)
    phase = 2 * np.pi * w[:, 1] if a.phase == "random" else np.full(count, a.phase)
    sign = a.sign
    if sign == "random":
        sign = np.where(held >= 2**31, -1, 1)
    elif sign == "alternate":
        sign = np.where(period % 2, -1, 1)
    i = np.arange(n)
    if a.frequency_offset == "random":
        drift = 2 * np.pi * ((w[:, 3] - 0.5) / n)[:, None] * i
    else:
        drift = 2 * np.pi * a.frequency_offset * (block[:, None] * n + i)
    out *= np.exp(1j * (phase[:, None] + drift)) * np.reshape(sign, (-1, 1))
    if a.fading == "rayleigh":
        out *= gaussians(a.seed, first, count, 3)[:, None] / math.sqrt(2)
    period = a.off_blocks + a.on_blocks
    if period:
        out[block % period < a.off_blocks] = 0
    return out


SETTINGS = [
    {},
    {"psr_db": -6.0},
    {"shift": 3},
    {"shift": "random"},
    {"phase": 1.2},
    {"phase": "random"},
    {"sign": -1},
    {"sign": "random"},
    {"sign": "random", "hold": 6},
    {"sign": "alternate"},
    {"sign": "alternate", "hold": 5, "shift": "random"},
    {"hold": 13},
    {"frequency_offset": 0.013},
    {"frequency_offset": -0.3, "phase": "random", "shift": "random"},
    {"frequency_offset": "random"},
    {"fading": "rayleigh"},
    {"off_blocks": 5, "on_blocks": 3},
    {
        "shift": "random",
        "phase": "random",
        "sign": "random",
        "fading": "rayleigh",
        "frequency_offset": "random",
        "off_blocks": 2,
        "on_blocks": 9,
        "psr_db": 3.0,
    },
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", [UNIVERSAL, TABLE, BOOK, JAMMER, FLAT_JAMMER])
def test_what_arrives_is_that_of_the_definition(kind, settings):
    a = Adversary(kind, seed=9, **settings)
    sent = randomness.messages(1, 1000, 700, K)
    out = np.empty((700, N), np.complex64)
    a.write(sent, 1000, out)
    assert np.allclose(out, reference(a, sent, 1000, 700), atol=3e-6, rtol=3e-6)
    y = randomness.noise(3, 0, 700, N)
    expected = y + out
    a.add(sent, 1000, y)
    assert np.array_equal(y, expected)


@pytest.mark.parametrize("n", [1, 40])
def test_any_number_of_channel_uses(n):
    a = Adversary(
        Perturbation("some", "universal", 1, n, rows(1, n)),
        shift="random",
        phase="random",
    )
    out = np.empty((100, n), np.complex64)
    a.write(None, 2**40, out)
    assert np.allclose(out, reference(a, None, 2**40, 100), atol=3e-6)


def test_draws_are_uniform_and_independent():
    # 16 bins of 100 000 draws: chi-squared with 15 degrees exceeds 45 once in 10 000.
    w = words(1, 0, 100_000)
    for column in range(4):
        counts = np.bincount((w[:, column] // 2**28).astype(int), minlength=16)
        assert ((counts - 6250) ** 2 / 6250).sum() < 45
    assert np.abs(np.corrcoef(w.T) - np.eye(4)).max() < 5 / math.sqrt(100_000)
    other = words(2, 0, 100_000)
    assert abs(np.corrcoef(w[:, 0], other[:, 0])[0, 1]) < 5 / math.sqrt(100_000)


@pytest.mark.parametrize("p", [UNIVERSAL, TABLE, JAMMER])
def test_power_is_the_psr_asked_for(p):
    a = Adversary(p, -6.0)
    out = np.empty((100_000, N), np.complex64)
    a.write(randomness.messages(1, 0, 100_000, K), 0, out)
    psr = 10 * math.log10(np.mean(np.abs(out.astype(complex)) ** 2))
    # A jammer's energy has a relative standard error of 1/sqrt(700 000) or little more.
    assert psr == pytest.approx(-6.0, abs=1e-4 if p is UNIVERSAL else 0.05)


def test_it_is_pickled_without_its_kernel():
    a = Adversary(UNIVERSAL, -6.0, shift="random")
    out, other = (np.empty((50, N), np.complex64) for _ in range(2))
    a.write(None, 0, out)
    pickle.loads(pickle.dumps(a)).write(None, 0, other)
    assert np.array_equal(out, other)


def test_label_names_the_hash_and_what_is_not_default():
    digest = UNIVERSAL.sha256[:8]
    assert Adversary(UNIVERSAL, -6.0).label == f"some {digest}"
    assert (
        Adversary(UNIVERSAL, shift="random", phase=0.5, on_blocks=2, seed=3).label
        == f"some {digest}, shift random, phase 0.5, on_blocks 2, seed 3"
    )


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"shift": 7}, r"shift must be 0\.\.6.*got 7"),
        ({"shift": 0.5}, "shift must be.*got 0.5"),
        ({"phase": "any"}, "phase must be.*got any"),
        ({"phase": math.nan}, "phase must be.*got nan"),
        ({"sign": 0}, "sign must be.*got 0"),
        ({"hold": 0}, "hold must be.*got 0"),
        ({"hold": 1.5}, "hold must be.*got 1.5"),
        ({"frequency_offset": math.inf}, "frequency_offset must be.*got inf"),
        ({"fading": "rician"}, "'rician' is not known; choose from none, rayleigh"),
        ({"off_blocks": -1}, "off_blocks must be.*got -1"),
        ({"off_blocks": 5}, "on_blocks must be at least 1 .*got 0"),
        ({"psr_db": 61.0}, "psr_db must be.*got 61"),
        ({"psr_db": math.nan}, "psr_db must be.*got nan"),
        ({"seed": -1}, "seed must be.*got -1"),
        ({"full_scale": 0.0}, "full_scale must be.*got 0"),
    ],
)
def test_bad_settings_are_refused(settings, text):
    with pytest.raises(ValueError, match=text):
        Adversary(UNIVERSAL, **settings)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int8, np.int64, Fraction])
def test_equal_numbers_make_equal_adversaries(kind):
    numbers = {"psr_db": -6, "shift": 2, "phase": 3, "sign": -1, "off_blocks": 10}
    numbers |= {"on_blocks": 5, "frequency_offset": 1, "full_scale": 9, "hold": 4}
    given = Adversary(UNIVERSAL, **{name: kind(it) for name, it in numbers.items()})
    expected = Adversary(UNIVERSAL, **numbers)
    assert given == expected
    assert pickle.dumps(given.settings()) == pickle.dumps(expected.settings())
    out = np.empty((2, 20, N), np.complex64)
    given.write(None, 7, out[0])
    expected.write(None, 7, out[1])
    assert (out[0] == out[1]).all()


def test_a_psr_that_would_clip_is_refused_and_the_largest_that_fits_is_named():
    p = Perturbation("peak", "universal", 1, 4, [[2, 1, 1, 1]])  # PSR 10 log10(7/4)
    with pytest.raises(ValueError, match=r"would clip.* is 2.*is 1.*most -3.59 dB"):
        Adversary(p, full_scale=1.0)
    Adversary(p, -3.591, full_scale=1.0)
    jammer = perturbation.jammer(1, 4, 0.0)
    with pytest.raises(ValueError, match=r"would clip: 4 rms.* is 4.*most -6.02 dB"):
        Adversary(jammer, full_scale=2.0)


def test_a_table_wants_the_messages():
    with pytest.raises(ValueError, match="messages are required"):
        Adversary(TABLE).write(None, 0, np.empty((1, N), np.complex64))


@pytest.mark.parametrize("p", [UNIVERSAL, TABLE])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_loop_counts_as_an_independent_chain_does(p, threads):
    model, count = links.load("two_simplices"), 150_000
    a = Adversary(p, -2.0, shift="random", phase="random", seed=4)
    sent = randomness.messages(9, 0, count, K)
    noise = randomness.noise(9, 0, count, N)
    arrived = np.empty((count, N), np.complex64)
    a.write(sent, 0, arrived)
    y = model.codebook[sent] + np.float32(noise_sigma(6, K / N)) * noise + arrived
    errors = int(np.sum(nearest_codeword(y, model.codebook) != sent))
    row = counted(model, 6, count, seed=9, attack=a, threads=threads)
    assert (row.blocks, row.block_errors, row.erasures) == (count, errors, 0)


def test_a_setting_refuses_a_perturbation_of_another_n():
    with pytest.raises(ValueError, match="n = 7 channel uses"):
        LinkSetting(links.load("bpsk"), 1.0, attack=Adversary(UNIVERSAL))
