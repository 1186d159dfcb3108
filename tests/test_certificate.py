# SPDX-License-Identifier: GPL-3.0-or-later
"""Certified bounds on the BLER: attained where the worst p is known, never exceeded."""

import math

import numpy as np
import pytest
from advphy_model.complex_baseband import to_complex
from advphy_model.link import decision, links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import certificate, pair_bound, ranges
from advphy_model.measure.certificate import Certificate
from advphy_model.network.network import Layer, Network
from scipy.special import bdtrc

from .commands import advphy, document, refused, without_torch


def q(x):
    return math.erfc(x / math.sqrt(2)) / 2


def two_codewords(n, seed=1):
    """Return a link with two random codewords of n channel uses."""
    book = to_complex(np.random.default_rng(seed).normal(size=(2, 2 * n)))
    book *= np.sqrt(2 * n / (np.abs(book) ** 2).sum())
    return LinkModel("two", 1, n, book, "nearest_codeword")


def bpsk():
    return LinkModel("one_bit", 1, 1, [[1], [-1]], "nearest_codeword")


def sigma_of(model, ebn0_db):
    return math.sqrt(model.n / model.k / 2 / 10 ** (ebn0_db / 10))


@pytest.mark.parametrize("model", [bpsk(), two_codewords(2), two_codewords(7)], ids=str)
def test_two_codewords_attain_both_bounds(model):
    bound = Certificate(model, 4.0, 20_000)
    half = np.linalg.norm(model.codebook[0] - model.codebook[1]) / 2
    sigma = sigma_of(model, 4.0)
    for psr_db in (-20.0, -6.0, 0.0, 3.0):
        norm = math.sqrt(model.n * 10 ** (psr_db / 10))
        # p from one codeword to the other helps one message and harms the other.
        worst = (q((half - norm) / sigma) + q((half + norm) / sigma)) / 2
        assert bound.universal(psr_db) == pytest.approx(worst, rel=1e-6)
        known = q((half - norm) / sigma)
        assert bound.per_message(psr_db) == pytest.approx(known, rel=1e-6)


def test_a_network_that_decides_by_a_half_space_nearly_attains_its_bound():
    model = bpsk()
    weight = np.array([[1.0, 0.0], [-1.0, 0.0]])
    layer = Layer("dense", "out", {"weight": weight, "bias": np.zeros(2)})
    decoder = {"decoder": Network((layer,), (2,))}
    model = LinkModel("half_space", 1, 1, model.codebook, "network", decoder)
    bound = Certificate(model, 0.0, 1_000_000)
    known = q((1 - math.sqrt(10**-0.6)) / sigma_of(model, 0.0))
    assert known < bound.per_message(-6.0) < 1.03 * known
    far = q((1 + math.sqrt(10**-0.6)) / sigma_of(model, 0.0))
    assert (known + far) / 2 < bound.universal(-6.0) < 1.03 * (known + far) / 2


def union(codebook, p, sigma):
    """Return the union bound on the BLER under each universal p, complex [count, n]."""
    way = codebook[None] - codebook[:, None]
    apart = np.sqrt((np.abs(way) ** 2).sum(axis=2))
    found = np.zeros(len(p))
    for s, t in np.argwhere(apart > 0):
        along = (np.conj(way[s, t]) @ p.T).real / apart[s, t]
        argument = (apart[s, t] / 2 - along) / sigma
        found += np.vectorize(math.erfc)(argument / math.sqrt(2)) / 2
    return found / len(codebook)


@pytest.mark.parametrize("name", ["two_simplices", "hamming74_ml", "random"])
def test_the_bound_by_pairs_is_above_every_p_and_not_far(name):
    random = np.random.default_rng(3)
    book = to_complex(random.normal(size=(8, 6)))
    book = book if name == "random" else links.load(name).codebook
    ways = (book[None] - book[:, None]).reshape(-1, book.shape[1])
    mixed = ways[random.permutation(len(ways))] + 0.3 * to_complex(
        random.normal(size=(len(ways), 2 * book.shape[1]))
    )
    p = np.concatenate([ways, mixed, ways + 0.5 * np.roll(ways, 7, axis=0)])
    p = p[np.abs(p).sum(axis=1) > 1e-6]
    p /= np.linalg.norm(p, axis=1, keepdims=True)
    for sigma, norm in ((0.37, 0.6), (0.37, 1.3), (0.7, 0.6)):
        worst = union(book.astype(complex), norm * p, sigma).max()
        bound = pair_bound.universal(book, sigma, norm / sigma)
        assert min(worst, 1 - 1 / len(book)) <= bound * (1 + 1e-9)
        assert bound < 4 * worst


def attacks_on(model, random):
    """Yield (rows of p with norm 1, whether p depends on the message)."""
    book, size = model.codebook.astype(complex), model.M
    apart = np.linalg.norm(book[None] - book[:, None], axis=2) + 1e9 * np.eye(size)
    while True:
        s = random.integers(size)
        row = to_complex(random.normal(size=(1, 2 * model.n)))
        yield row / np.linalg.norm(row), False
        row = book[[apart[s].argmin()]] - book[[s]]
        yield row / np.linalg.norm(row), False
        rows = book[apart.argmin(axis=1)] - book
        yield rows / np.linalg.norm(rows, axis=1, keepdims=True), True


def test_no_attack_in_1000_random_trials_exceeds_its_bound():
    names = "two_simplices hamming74_ml hamming74_hard bpsk pair_and_simplex gan_mlp"
    names += " autoencoder_mlp autoencoder_mlp_n4_k4 pool_mlp max_margin"
    random, closest, trials, blocks = np.random.default_rng(1), 0.0, 0, 4000
    for model in map(links.load, names.split()):
        decider, crafted = decision.decider(model), attacks_on(model, random)
        for ebn0_db in random.uniform(-2, 6, 4):
            bound = Certificate(model, ebn0_db, 50_000)
            for psr_db in random.uniform(-20, 3, 5):
                limits = bound.universal(psr_db), bound.per_message(psr_db)
                assert limits[0] <= limits[1]
                for _ in range(5):
                    rows, knows = next(crafted)
                    sent = random.integers(model.M, size=blocks).astype(np.uint8)
                    p = rows[sent if knows else 0 * sent]
                    p = p * math.sqrt(model.n * 10 ** (psr_db / 10))
                    noise = random.normal(size=(blocks, 2 * model.n))
                    y = model.codebook[sent] + p
                    y += sigma_of(model, ebn0_db) * to_complex(noise)
                    decided, erased = np.empty((2, blocks), np.uint8)
                    decider.decide(y.astype(np.complex64), decided, erased)
                    errors = int((decided != sent).sum())
                    # At the bound, so many errors have a probability above 1e-5.
                    assert bdtrc(errors - 1, blocks, limits[knows]) > 1e-5
                    closest = max(closest, errors / blocks / limits[knows])
                    trials += 1
    assert trials == 1000
    assert closest > 0.7  # so the trials are strong enough to see a wrong bound


def test_bounds_hold_where_clean_error_rates_underflow():
    bound = Certificate(links.load("two_simplices"), 100.0, 1000)
    assert bound.per_message(60.0) == 1.0
    assert bound.universal(60.0) == 15 / 16
    # At -3 dB, p is longer than half the distance, so it makes one message wrong.
    assert 1 / 16 <= bound.universal(-3.0) < 4 / 16


@pytest.mark.parametrize("apart", [0, 1e-6, 1e-4])
def test_of_equal_codewords_one_is_always_wrong(apart):
    book = np.array([[1], [1 + apart], [-1], [-1 - apart]], complex)
    book /= np.sqrt(np.mean(abs(book) ** 2))
    model = LinkModel("pairs", 2, 1, book, "nearest_codeword")
    bound = Certificate(model, 10.0, 20_000)
    clean = q(apart / 2 / sigma_of(model, 10.0))
    for psr_db in (-60.0, -10.0):
        assert bound.universal(psr_db) >= clean - 1e-3
        assert bound.per_message(psr_db) >= clean - 1e-3


def test_limits_of_rates_and_moments_cover_their_closed_forms():
    model, sigma = bpsk(), sigma_of(bpsk(), 0.0)
    half = 1 / sigma
    second = q(half) + half * math.exp(-(half**2) / 2) / math.sqrt(2 * math.pi)
    low = 0
    for seed in range(40):
        bound = Certificate(model, 0.0, 2000, seed)
        assert bound._moments[1] > second
        limits = certificate._limit(bound.errors, 1000, 0.05 / 4)
        low += int(np.sum(limits < q(half)))
    assert low <= 4  # of 80 limits, each too low with probability 1/80


def test_limits_of_messages_share_half_of_the_risk():
    book = np.array([[1], [0.8 + 0.6j], [-0.8 - 0.6j], [-1]])
    weight = np.column_stack([book.real, book.imag])
    layer = Layer("dense", "out", {"weight": weight, "bias": np.array([0, 0, 0, -9.0])})
    decoder = {"decoder": Network((layer,), (2,))}
    model = LinkModel("deaf", 2, 1, book, "network", decoder)  # to its last message
    bound = Certificate(model, 40.0, 4000)
    assert bound.errors.tolist() == [0, 0, 0, 1000]
    # P(no error of 1000) is 1/4 of 1/2 of 1 - 0.95 at the limit.
    assert (1 - bound.limits[:3]) ** 1000 == pytest.approx(0.05 / 2 / 4)


def test_the_limit_of_a_moment_is_where_chernoff_leaves_the_probability():
    lost, most, blocks = 1e-3, 1.7, 2000
    limit = certificate._moments(np.zeros(1), most * np.eye(1), blocks, lost)[1]
    unit = certificate._reach(1, blocks) ** 2  # largest share of one block
    mean, seen = blocks * (limit - 1 / (100 * blocks)) / unit, most / unit
    # P(sum <= seen) <= exp(-(mean - seen)^2 / (2 mean)) of terms in 0..1.
    assert math.exp(-((mean - seen) ** 2) / (2 * mean)) == pytest.approx(lost)


def test_counts_do_not_depend_on_workers_and_add_up_in_equal_shares():
    model = links.load("hamming74_hard")
    alone = Certificate(model, 2.0, 200_001, seed=4)
    with ranges.threads(2) as workers:
        shared = Certificate(model, 2.0, 200_001, seed=4, workers=workers)
    assert alone.blocks == 200_016
    assert np.array_equal(alone.errors, shared.errors)
    assert alone.universal(-6.0) == shared.universal(-6.0)


def test_the_command_shows_found_below_certified_without_torch(here):
    words = "certify hamming74_ml --psr-db -12,-6 --ebn0-db 4 --blocks 1e5"
    words += " --attack universal_pgd_hamming74_ml"
    lines = without_torch(words).stdout.splitlines()
    rows = document(words)["rows"]
    assert len(lines) == 1 + len(rows) == 3
    for line, row in zip(lines[1:], rows, strict=True):
        rates = [row["clean"]["bler"], row["jammer"]["bler"], row["found"]["bler"]]
        rates += [row["universal"], row["per_message"]]
        assert rates == sorted(rates)
        assert line.split()[2:] == [f"{rate:.2e}" for rate in rates]
        assert not row["above"]


def test_the_command_says_when_an_attack_is_above_its_bound(here, monkeypatch):
    monkeypatch.setattr(Certificate, "universal", lambda self, psr_db: 1e-9)
    words = "certify hamming74_ml --psr-db -6 --ebn0-db 4 --blocks 1e4"
    found = advphy(words, "--attack universal_pgd_hamming74_ml")
    assert found.returncode == 0
    assert "exceeds its bound at Eb/N0 4 dB, PSR -6 dB" in found.stderr


def test_the_command_certifies_radii(here):
    radii = document("certify hamming74_hard --radius")["radii"]
    # A single error is corrected; two errors of amplitude 1 change the message.
    assert {(each["certified"], each["exact"]) for each in radii} == {(2**0.5, True)}
    few = document("certify autoencoder_mlp_n4_k4 --radius --nodes 1")["radii"]
    assert not all(each["exact"] for each in few)
    assert all(0 < each["certified"] <= each["found"] for each in few)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("bpsk --ebn0-db 1000", "-100..100"),
        ("bpsk --blocks 0", "blocks must be"),
        ("bpsk --attack noise_jammer", "random noise"),
        ("bpsk --attack universal_pgd_hamming74_ml", "n = 7"),
        ("bpsk --radius --psr-db -6", "--psr-db has no effect on"),
        ("bpsk --nodes 5", "without --radius"),
        ("bpsk --restarts 5", "without --attack"),
        ("bpsk --attack universal_pgd_gan_mlp --restarts 5", "is not crafted; omit it"),
        ("bpsk --attack fgm --steps 5", "--steps has no effect on fgm"),
        ("bpsk --radius --nodes 0", "nodes must be"),
    ],
)
def test_what_cannot_be_certified_is_refused(here, words, text):
    link, _, rest = words.partition(" ")
    assert text in refused("certify", link, *rest.split(" "))


def test_a_layer_without_linear_bounds_is_refused(here):
    layers = (
        Layer("sigmoid", "squash"),
        Layer("dense", "out", {"weight": np.eye(2), "bias": np.zeros(2)}),
    )
    decoder = {"decoder": Network(layers, (2,))}
    model = LinkModel("squashed", 1, 1, [[1], [-1]], "network", decoder)
    model.write(here / "squashed.safetensors")
    text = refused("certify", here / "squashed.safetensors", "--radius")
    assert "'squash' (sigmoid)" in text
    assert "omit --radius" in text
