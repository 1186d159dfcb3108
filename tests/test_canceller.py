# SPDX-License-Identifier: GPL-3.0-or-later
"""The canceller: a numpy reference, its detector, what it recovers, what it costs."""

import cmath
import itertools
import math

import numpy as np
import pytest
from advphy_model import kernels, randomness
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure.error_rate import interval
from advphy_model.receive import detection, spectrum
from advphy_model.receive.canceller import Canceller, CancellerSettings
from advphy_model.receive.detection import received
from advphy_training import attacks
from scipy import stats

from .counting import counted

LINKS = ["two_simplices", "autoencoder_mlp", "autoencoder_mlp_8p5db"]


def universal(model, row):
    return Perturbation("some", "universal", model.k, model.n, np.atleast_2d(row))


def along_a_pair(model):
    """Return p along the shortest way between two codewords: the worst static one."""
    apart = np.abs(model.codebook[:, None] - model.codebook[None]) ** 2
    apart = apart.sum(axis=2) + 1e9 * np.eye(model.M)
    s, t = np.unravel_index(apart.argmin(), apart.shape)
    return universal(model, model.codebook[t] - model.codebook[s])


def anywhere(model, seed=1):
    rng = np.random.default_rng(seed)
    return universal(model, rng.normal(size=model.n) + 1j * rng.normal(size=model.n))


def test_a_codebook_of_any_mean_has_the_same_fit():
    model, rng = links.load("two_simplices"), np.random.default_rng(4)
    apart = (rng.normal(size=7) + 1j * rng.normal(size=7)).astype(np.complex64)
    y = received(model, 8.0, 1, 0, 256) + 0.6 * apart
    static = [(1, [], 0.0)]
    found = kernels.canceller(model.codebook, static, 256, 1).find(y)
    shifted = kernels.canceller(model.codebook + 4 * apart, static, 256, 1)
    moved = shifted.find(y + 4 * apart)
    assert np.allclose(moved.p, found.p, atol=1e-3)
    assert moved.statistic == pytest.approx(found.statistic, rel=1e-3)


def failures(model, blocks, ebn0_db=8.0, **settings):
    return counted(model, ebn0_db, blocks, **settings).failures


def em_reference(y, codebook, p, transforms, iterations):
    """Fit y = x_s + T_z p + noise in numpy; return (p, noise variance, likelihood)."""

    def image(row, z):
        shift, factor = transforms[z]
        return factor * np.roll(row, shift)

    blocks, n = y.shape
    components = np.array([image(p, z) for z in range(len(transforms))])
    centers = codebook[:, None] + components[None]
    square = np.abs(y[:, None, None] - centers[None]) ** 2
    variance = square.sum(-1).min(axis=(1, 2)).mean() / (2 * n)
    before = -math.inf
    for _ in range(iterations):
        centers = codebook[:, None] + components[None]
        square = (np.abs(y[:, None, None] - centers[None]) ** 2).sum(-1)
        log = -square / (2 * variance) - n * math.log(2 * math.pi * variance)
        log -= math.log(len(codebook) * len(transforms))
        top = log.max(axis=(1, 2), keepdims=True)
        likelihood = np.exp(log - top).sum(axis=(1, 2), keepdims=True)
        share = np.exp(log - top) / likelihood
        total = float((np.log(likelihood) + top).sum())
        p = np.zeros(n, complex)
        for z, (shift, factor) in enumerate(transforms):
            left = (share[:, :, z, None] * (y[:, None] - codebook[None])).sum(
                axis=(0, 1)
            )
            p += np.roll(left / factor, -shift) / blocks
        components = np.array([image(p, z) for z in range(len(transforms))])
        centers = codebook[:, None] + components[None]
        square = (np.abs(y[:, None, None] - centers[None]) ** 2).sum(-1)
        variance = float((share * square).sum()) / (2 * n * blocks)
        if total - before < 0.01:
            break
        before = total
    return components, variance, total


@pytest.mark.parametrize("ebn0_db", [3.0, 8.0])
@pytest.mark.parametrize("name", LINKS)
def test_one_component_is_that_of_the_reference(name, ebn0_db):
    model = links.load(name)
    y = received(model, ebn0_db, 1, 0, 512, Adversary(along_a_pair(model), -6.0))
    settings = CancellerSettings(window=512, sample=512)
    (found,) = Canceller(model, settings).cancel(y.copy())
    sample, codebook = y.astype(complex), model.codebook.astype(complex)
    start = sample.mean(axis=0) - codebook.mean(axis=0)
    p, variance, with_p = em_reference(sample, codebook, start, [(0, 1)], 5)
    assert np.allclose(found.p, p, atol=1e-4)
    assert found.noise_variance == pytest.approx(variance, rel=1e-4)
    without = reference_without(sample, codebook)
    assert found.statistic == pytest.approx(2 * (with_p - without), rel=1e-3, abs=0.05)


def reference_without(y, codebook):
    blocks, n = y.shape
    square = (np.abs(y[:, None] - codebook[None]) ** 2).sum(-1)
    variance = square.min(axis=1).mean() / (2 * n)
    before = -math.inf
    for _ in range(5):
        log = -square / (2 * variance) - n * math.log(2 * math.pi * variance)
        top = log.max(axis=1, keepdims=True)
        likelihood = np.exp(log - top).sum(axis=1, keepdims=True)
        total = float((np.log(likelihood) + top - math.log(len(codebook))).sum())
        share = np.exp(log - top) / likelihood
        variance = float((share * square).sum()) / (2 * n * blocks)
        if total - before < 0.01:
            break
        before = total
    return total


@pytest.mark.parametrize("adversary", ["signs", "shifts", "phases"])
def test_tied_components_are_those_of_the_reference(adversary):
    model = links.load("autoencoder_mlp")
    how = {"signs": "sign", "shifts": "shift", "phases": "phase"}[adversary]
    attack = Adversary(anywhere(model), -3.0, **{how: "random"})
    y = received(model, 8.0, 1, 0, 512, attack)
    settings = CancellerSettings(
        adversary=adversary, window=512, sample=512, iterations=30
    )
    (found,) = Canceller(model, settings).cancel(y.copy())
    assert found.adversary == adversary
    transforms = {
        "signs": [(0, 1), (0, -1)],
        "shifts": [(i, 1) for i in range(7)],
        "phases": [(0, cmath.exp(2j * math.pi * i / 16)) for i in range(16)],
    }[adversary]
    sample, codebook = y.astype(complex), model.codebook.astype(complex)
    # From what was sent, the reference must end where the blind search ended.
    components, variance, _ = em_reference(
        sample, codebook, attack.scaled.rows[0].astype(complex), transforms, 33
    )
    # Phases leave open where on the circle the 16 begin.
    turns = np.exp(
        2j * np.pi * np.arange(512 if adversary == "phases" else 1) / 512 / 16
    )
    turned = turns[:, None, None, None] * components[None, None]
    apart = np.abs(found.p[None, :, None] - turned).max(axis=3)
    apart = apart[apart.min(axis=2).max(axis=1).argmin()]
    assert apart.min(axis=1).max() < 2e-2
    assert found.noise_variance == pytest.approx(variance, rel=1e-2)


@pytest.mark.parametrize("degrees", [2, 8, 14, 28])
@pytest.mark.parametrize("probability", [0.5, 0.99, 0.999, 1 - 1e-6])
def test_chi_squared_quantile(degrees, probability):
    exact = stats.chi2.ppf(probability, degrees)
    assert detection.chi_squared_quantile(degrees, probability) == pytest.approx(
        exact, rel=0.1 if degrees == 2 else 0.03
    )


@pytest.mark.parametrize("name", LINKS)
def test_without_an_attack_the_statistic_is_chi_squared(name):
    # Wilks: twice the log-likelihood ratio has one degree for each real dimension of p.
    model = links.load(name)
    canceller = Canceller(model, CancellerSettings(window=256))
    y = received(model, 8.0, 5, 0, 256 * 2000)
    found = [estimate.statistic for estimate in canceller.cancel(y)]
    assert stats.kstest(found, "chi2", args=(14,)).pvalue > 1e-3


@pytest.mark.parametrize("adversary", ["signs", "shifts", "phases", "periodic", "any"])
def test_simulated_thresholds_keep_the_false_alarms(adversary):
    model = links.load("two_simplices")
    settings = CancellerSettings(window=256, false_alarm=1e-2, adversary=adversary)
    canceller = Canceller(model, settings)
    y = received(model, 5.0, 5, 0, 256 * 500)
    found = canceller.cancel(y)
    alarms = sum(estimate.statistic > canceller.threshold for estimate in found)
    # 5 are expected; the threshold itself is known to some 5 %, a factor of 2 here.
    assert 1 <= alarms <= 20


def test_roc_of_one_component_is_that_of_chi_squared():
    model = links.load("two_simplices")
    canceller = Canceller(model, CancellerSettings(window=128, sample=128))
    attack = Adversary(anywhere(model), -26.0)
    thresholds, windows = [10.0, 14.0, 20.0, 26.0, 36.0], 1000
    alarms, detections = detection.roc(
        canceller, model, attack, ebn0_db=8.0, windows=windows, thresholds=thresholds
    )
    # Non-central by ||p||^2 / sigma^2 of the sample; [gan] noise at 8 dB.
    moved = 128 * 7 * 10**-2.6 * 2 * (4 / 7) * 10**0.8
    for i, threshold in enumerate(thresholds):
        for found, p in (
            (alarms[i], stats.chi2.sf(threshold, 14)),
            (detections[i], stats.ncx2.sf(threshold, 14, moved)),
        ):
            assert abs(found - windows * p) < 4 * math.sqrt(windows * p * (1 - p)) + 3


@pytest.mark.parametrize("psr_db", [-6.0, -2.0, 0.0, 6.0])
@pytest.mark.parametrize("name", LINKS)
def test_a_static_attack_cannot_be_told_from_none(name, psr_db):
    model, blocks = links.load(name), 1_000_000
    for p in (along_a_pair(model), anywhere(model)):
        attacked = failures(
            model,
            blocks,
            ebn0_db=6.0,
            attack=Adversary(p, psr_db),
            canceller=CancellerSettings(),
        )
        # The same noise, so errors coincide but for the estimate's own noise: 0.017 dB
        # at 256 blocks. 0.05 dB of Eb/N0 less bounds it.
        least = failures(model, blocks, ebn0_db=6.0)
        most = failures(model, blocks, ebn0_db=5.95)
        assert least - 4 * math.sqrt(least) < attacked < most + 4 * math.sqrt(most)


@pytest.mark.parametrize("psr_db", [-6.0, 0.0])
@pytest.mark.parametrize(
    "how",
    [
        {"frequency_offset": 1 / 16 / 7},
        {"frequency_offset": 0.0123},
        {"frequency_offset": 3.4e-6},
        {"sign": "alternate"},
        {"sign": "alternate", "hold": 2, "frequency_offset": -0.05},
        {"off_blocks": 8, "on_blocks": 8},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "name", [LINKS[1], *(pytest.param(n, marks=pytest.mark.slow) for n in LINKS[::2])]
)
def test_a_periodic_attack_cannot_be_told_from_none(name, how, psr_db):
    model, blocks = links.load(name), 65_536 * 4
    attack = Adversary(along_a_pair(model), psr_db, **how)
    canceller = CancellerSettings(adversary="periodic")
    attacked = failures(model, blocks, 6.0, attack=attack, canceller=canceller)
    least, most = failures(model, blocks, 6.0), failures(model, blocks, 5.9)
    assert least - 4 * math.sqrt(least) < attacked < most + 4 * math.sqrt(most)


def test_lines_are_those_of_a_sum_of_turning_vectors():
    rng = np.random.default_rng(2)
    y = (rng.normal(size=(4096, 7)) + 1j * rng.normal(size=(4096, 7))).astype("c8")
    block = np.arange(4096) - 4095 / 2
    given = {0.3: 0.5 * np.ones(7), 2.00071: 0.3j * np.arange(7)}
    for phi, line in given.items():
        y += np.exp(1j * phi * block)[:, None] * line
    y[5], y[6] = np.nan, 1e20
    frequencies, amplitudes, total = spectrum.lines(y, np.zeros(7), 60.0)
    order = frequencies.argsort()
    assert np.allclose(frequencies[order], sorted(given), atol=1e-4)
    assert np.allclose(amplitudes[order], list(given.values()), atol=0.1)
    turns = np.exp(1j * np.outer(block, frequencies))
    assert np.allclose(total, turns @ amplitudes, atol=1e-4)
    # Without an attack, one window in 1 / (4096 * chi-squared's tail) has a line.
    assert stats.chi2.sf(60.0, 14) * 4096 < 1e-3
    quiet = (rng.normal(size=(4096, 7)) + 1j * rng.normal(size=(4096, 7))).astype("c8")
    assert len(spectrum.lines(quiet, np.zeros(7), 60.0)[0]) == 0


@pytest.mark.parametrize("gaps", ["p waits in the gaps", "p goes on in the gaps"])
def test_a_p_with_an_offset_of_its_own_is_found_over_a_burst(gaps):
    rng = np.random.default_rng(4)
    at = 7 * np.arange(128) + 2 * (np.arange(128) // 4)
    symbols = at[:, None] + np.arange(7)
    y = (rng.normal(size=(128, 7, 2)) @ [1, 1j]).astype("c8")
    p = rng.normal(size=(7, 2)) @ [1, 1j]
    sent = p[symbols % 7] if gaps.startswith("p goes on") else np.tile(p, (128, 1))
    for phi in (0.0, 1e-4, -0.2, 3.0):
        turned = sent * np.exp(1j * phi * symbols)
        found = spectrum.turning((y + turned).astype("c8"), np.zeros(7), at, 60.0)
        # Noise of 2 per symbol in 128 measurements of 7 values, frequency and phase.
        apart = np.abs(found - turned) ** 2
        assert apart.mean() == pytest.approx(2 / 128, rel=0.9)
    assert spectrum.turning(y, np.zeros(7), at, 60.0) is None


def test_the_average_is_that_of_the_usable_blocks():
    rng = np.random.default_rng(3)
    y = (rng.normal(size=(256, 7)) + 1j * rng.normal(size=(256, 7))).astype("c8")
    mean = np.arange(7)
    found, variance, spread = spectrum.average(y, mean)
    assert np.allclose(found, y.mean(axis=0) - mean, atol=1e-5)
    parts = y.reshape(16, 16, 7).mean(axis=1) - y.mean(axis=0)
    wanted = 2 * (np.abs(parts) ** 2 / (y.var(axis=0) / 16)).sum()
    assert spread == pytest.approx(wanted, rel=1e-4)
    assert stats.chi2.cdf(spread, 210) == pytest.approx(0.5, abs=0.499)
    assert np.allclose(variance, y.var(axis=0) / 256, rtol=1e-5)
    y[17, 3], y[20] = np.nan, np.inf
    found, _, _ = spectrum.average(y, mean)
    kept = np.delete(y, [17, 20], axis=0)
    assert np.allclose(found, kept.sum(axis=0) / 256 - mean, atol=1e-5)


@pytest.mark.parametrize("settings", [{}, {"adversary": "any", "window": 65536}])
@pytest.mark.parametrize("name", LINKS)
def test_nothing_is_lost_without_an_attack(name, settings):
    model, blocks = links.load(name), 1_000_000
    clean = failures(model, blocks, ebn0_db=5.0)
    canceller = CancellerSettings(**settings)
    assert abs(failures(model, blocks, ebn0_db=5.0, canceller=canceller) - clean) < 20


@pytest.mark.parametrize(
    ("how", "adversary", "most"), [("sign", "signs", 1.5e-3), ("shift", "shifts", 1e-3)]
)
@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("told", [True, False])
def test_random_signs_and_shifts_are_recovered(name, how, adversary, most, told):
    model, blocks = links.load(name), 4 * 65_536
    attack = Adversary(anywhere(model), -6.0, **{how: "random"})
    settings = CancellerSettings(
        adversary=adversary if told else "any", window=65536, sample=512
    )
    before = failures(model, blocks, attack=attack)
    after = failures(model, blocks, attack=attack, canceller=settings)
    assert interval(after, blocks)[0] < most
    assert after < before / 3


def test_flipped_signs_along_a_pair_of_codewords_cannot_be_recovered():
    # The points x_s - p and x_t + p are d - 2 ||p|| apart and equally likely, so every
    # receiver errs at least that often (bound: 2/16 of the blocks, half the time).
    model = links.load("two_simplices")
    sigma = math.sqrt(7 / (8 * 10**0.8))
    gap = math.sqrt(14) / 2 - math.sqrt(7 * 10**-0.6)
    bound = 2 / 16 / 2 * stats.norm.sf(gap / sigma)
    attack = Adversary(along_a_pair(model), -6.0, sign="random")
    canceller = CancellerSettings(adversary="signs", window=65536, sample=512)
    blocks = 4 * 65_536
    errors = failures(model, blocks, attack=attack, canceller=canceller)
    assert bound * blocks - 4 * math.sqrt(bound * blocks) < errors
    assert errors < 1.15 * bound * blocks


def test_ranges_in_any_order_cannot_remember():
    model = links.load("two_simplices")
    with pytest.raises(ValueError, match=r"forgetting = 0.5: ranges are counted"):
        failures(model, 100, canceller=CancellerSettings(forgetting=0.5))


def test_cancel_wants_whole_windows():
    canceller = Canceller(links.load("two_simplices"))
    with pytest.raises(ValueError, match="100 blocks, expected a multiple of 4096"):
        canceller.cancel(np.zeros((100, 7), np.complex64))


def test_what_noise_explains_of_a_fit_is_lost_on_other_blocks():
    # Akaike (1973): a fit of d parameters gains d on its own blocks (twice the
    # log-likelihood), and loses d on as many others.
    model = links.load("two_simplices")
    y = received(model, 8.0, 3, 0, 512 * 1000)
    found = Canceller(model, CancellerSettings(window=512)).cancel(y)
    gains = [estimate.gain for estimate in found]
    statistics = [estimate.statistic for estimate in found]
    assert np.mean(statistics) == pytest.approx(14, abs=1)
    assert np.mean(gains) == pytest.approx(-14, abs=1)
    whole = CancellerSettings(window=256, sample=256)
    assert Canceller(model, whole).cancel(y[:256])[0].gain == 0


SIX = [
    "autoencoder_mlp",
    "autoencoder_mlp_8p5db",
    "gan_mlp",
    "pool_mlp",
    "max_margin",
    "two_simplices",
]
# Adversaries who beat a canceller that looks at every 16th block, and schedules faster
# than a window. A frequency of 1/16/7 turns p by 1/16 from block to block.
SCHEDULES = [
    {"frequency_offset": 1 / 16 / 7},
    {"frequency_offset": 1 / 2 / 7},
    {"frequency_offset": 3.4e-6},  # a tenth of a turn in a window
    {"sign": "random"},
    {"phase": "random"},
    {"off_blocks": 15, "on_blocks": 1},
    {"off_blocks": 8, "on_blocks": 8},
    {"sign": "alternate"},
    {"sign": "alternate", "hold": 16},
    {"sign": "random", "hold": 1000},
    {"fading": "rayleigh"},
]
HOPS = {"perturbations": 60}


def drawn_schedules():
    """Return ten schedules of all kinds, drawn at random."""
    rng = np.random.default_rng(15)
    drawn = []
    for _ in range(10):
        turns = float(rng.choice([0, 1 / 64, 1 / 16, 1 / 3, rng.uniform(-0.5, 0.5)]))
        drawn.append(
            {
                "frequency_offset": turns / 7,
                "sign": ["random", 1][int(rng.integers(2))],
                "off_blocks": int(rng.integers(0, 200)),
                "on_blocks": int(rng.integers(1, 200)),
            }
        )
    return drawn


def sixty(model):
    """Return a book of 30 differences of codewords and their negatives."""
    rng = np.random.default_rng(60)
    pairs = [rng.choice(model.M, 2, replace=False) for _ in range(30)]
    rows = np.array([model.codebook[t] - model.codebook[s] for s, t in pairs])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.concatenate([rows, -rows])
    return Perturbation("sixty", "book", model.k, model.n, rows)


def harm(model, how, psr_db, canceller, blocks):
    """Return (errors with, without the canceller) of an adversary."""
    hops = how == HOPS
    p = sixty(model) if hops else along_a_pair(model)
    attack = Adversary(p, psr_db, **({} if hops else how))
    corrected = failures(model, blocks, attack=attack, canceller=canceller)
    return corrected, failures(model, blocks, attack=attack)


def cases():
    """Yield all adversaries on all links; some are quick enough for each run."""
    schedules = [*SCHEDULES, HOPS, *drawn_schedules()]
    for name, how in itertools.product(SIX, schedules):
        for adversary in ("free", "periodic", "any"):
            told = adversary == "free" or how in (SCHEDULES[0], HOPS)
            marks = () if told and name == SIX[0] else pytest.mark.slow
            yield pytest.param(name, how, adversary, marks=marks)


@pytest.mark.parametrize(("name", "how", "adversary"), [*cases()], ids=str)
def test_no_schedule_makes_the_canceller_do_harm(name, how, adversary):
    model, blocks = links.load(name), 65_536
    for psr_db in (-20.0, -12.0, -6.0, 0.0):
        canceller = CancellerSettings(adversary=adversary)
        corrected, attacked = harm(model, how, psr_db, canceller, blocks)
        most = 1.05 * attacked
        assert corrected <= most + 3 * math.sqrt(most) + 3, psr_db


@pytest.mark.slow
def test_64_components_come_near_a_receiver_that_knows_all_perturbations():
    model, blocks = links.load("autoencoder_mlp_8p5db"), 65_536
    book = attacks.craft("universal_pgd", model, attacks.Plan(-6.0, 8.0, book=60))
    sent = randomness.messages(1, 0, blocks, model.k)
    y = received(model, 8.0, 1, 0, blocks, Adversary(book)).astype(complex)
    pairs = (model.codebook[:, None] + book.rows[None]).reshape(-1, model.n)
    likelier = (y @ pairs.conj().T).real - (np.abs(pairs) ** 2).sum(axis=1) / 2
    knowing = np.count_nonzero(likelier.argmax(axis=1) // 60 != sent)
    assert 7.0e-3 * blocks < knowing < 8.5e-3 * blocks  # docs/results.md
    settings = CancellerSettings(64, window=65_536, sample=4096, iterations=20)
    corrected = failures(model, blocks, attack=Adversary(book), canceller=settings)
    assert 0.95 * knowing < corrected < 1.35 * knowing
