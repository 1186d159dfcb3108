# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyed bursts: who has the secret is in step, and nobody else finds anything."""

from pathlib import Path

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.link import links
from advphy_model.modem import keyed_bursts
from advphy_model.modem.frame import PREAMBLE, Frame
from advphy_model.modem.header import Header
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import THRESHOLD, Synchronizer

from .test_modem import codewords_of, noise

MODEL = links.load("two_simplices")
FRAME = Frame.of_model(MODEL)
SECRET = bytes(range(32))
PAGE = (Path(__file__).parents[1] / "docs" / "burst_format.md").read_text()
PERIOD = FRAME.samples() / 1e6  # s of a burst at 1 Msample/s
# From nothing: a new slot, the next 32nd burst, the group, at 1 Msample/s.
JOIN = int(keyed_bursts.SLOT / PERIOD) + 1 + keyed_bursts.EVERY + keyed_bursts.PARTS


class Air:
    """Alice, and the time: each burst takes as long as at 1 Msample/s."""

    def __init__(self, start=1.7e9, **settings):
        self.now = start
        settings = {"secret": SECRET, "clock": self.clock} | settings
        self.modulator = Modulator(FRAME, MODEL, **settings)
        self.sent = codewords_of(MODEL, FRAME.codewords)

    def clock(self):
        return self.now

    def bursts(self, count):
        """Yield the samples of bursts, one by one."""
        for _ in range(count):
            self.now += PERIOD
            yield self.modulator.modulate(self.sent)

    def bob(self, **settings):
        settings = {"secret": SECRET, "clock": self.clock} | settings
        return Synchronizer(FRAME, MODEL, **settings)


def numbers(bob, bursts):
    """Return the numbers of the bursts that Bob finds, flushed at the end."""
    found = [each for samples in bursts for each in bob.push(samples)[1]]
    return [each.header.number for each in (*found, *bob.flush()[1])]


def test_codewords_arrive_as_those_of_plain_bursts_do():
    sent = codewords_of(MODEL, 128 * 70)
    samples = Air().modulator.modulate(sent)
    bob = Air().bob()
    got, bursts = bob.push(samples)
    last, more = bob.flush()
    assert [b.header.number for b in (*bursts, *more)] == list(range(70))
    assert {b.header.model_hash.hex() for b in bursts} == {MODEL.sha256[:8]}
    assert [b.first_codeword for b in bursts] == [128 * i for i in range(len(bursts))]
    # Crosstalk of the truncated pulse, as in test_modem.
    assert np.concatenate([got, last]) == pytest.approx(sent, abs=0.02)
    assert bob.counts["forged"] == bob.counts["replayed"] == 0


def test_the_pieces_in_which_samples_come_do_not_matter():
    samples = np.concatenate(list(Air().bursts(40)))
    whole = Air().bob().push(samples)
    bob, air = Air().bob(), np.split(samples, range(777, len(samples), 777))
    parts = [bob.push(piece)[0] for piece in air]
    assert np.array_equal(np.concatenate(parts), whole[0])


@pytest.mark.parametrize("codewords", [1, 8, 256])
def test_frames_of_other_sizes_are_keyed_too(codewords):
    frame = Frame.of_model(MODEL, codewords=codewords, ramp=8, samples_per_symbol=3)
    keyed = {"secret": SECRET, "clock": lambda: 1e9}
    sent = codewords_of(MODEL, codewords * 6)
    bob = Synchronizer(frame, MODEL, **keyed)
    samples = Modulator(frame, MODEL, **keyed).modulate(sent)
    got = np.concatenate([bob.push(samples)[0], bob.flush()[0]])
    assert got == pytest.approx(sent, abs=0.03)


def test_a_short_burst_is_keyed_too():
    air = Air()
    samples = [*air.bursts(4), air.modulator.modulate(air.sent[:5])]
    bob = air.bob()
    bursts = bob.push(np.concatenate(samples))[1] + bob.flush()[1]
    assert [b.header.codewords for b in bursts] == [128] * 4 + [5]


def stream(key, nonce, count):
    """Return bytes of ChaCha20 from block 0 on, by another library."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

    return (
        Cipher(ChaCha20(key, bytes(4) + nonce), None).encryptor().update(bytes(count))
    )


def bits_of(key, number):
    """Return the bytes of a burst of a session, and their bits as 1 and -1."""
    made = stream(key, number.to_bytes(8, "little") + bytes(4), 200)
    bits = np.unpackbits(np.frombuffer(made, np.uint8), bitorder="little")
    return made, 1 - 2.0 * bits


def masked(content, key, number):
    """Return the symbols of a header's 16 bytes under the mask of a burst."""
    symbols = np.empty(kernels.HEADER_SYMBOLS, np.complex64)
    kernels.encode_header(content, symbols)
    mask = bits_of(key, number)[1][512:][: 2 * len(symbols)].reshape(-1, 2)
    return symbols.real * mask[:, 0] + 1j * symbols.imag * mask[:, 1]


def test_the_keys_are_those_of_the_page():
    """docs/burst_format.md, once more with the library `cryptography`."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    nonce = b"twelve bytes"
    hkdf = HKDF(SHA256(), 32, salt=nonce, info=b"gr-advphy bursts 1, session")
    key = keyed_bursts.derive(SECRET, "session", nonce)
    assert key == hkdf.derive(SECRET)
    assert key.hex() in PAGE
    made, bits = bits_of(key, 77)
    chips, pilots = np.empty(256, np.float32), np.empty(82, np.complex64)
    symbols = np.empty(kernels.HEADER_SYMBOLS, np.complex64)
    header = Header(77, 128, b"abcd", seed_check=b"xy").to_bytes()
    name = keyed_bursts.name_of(key, 77)
    kernels.key_burst(name, header, chips, pilots, symbols)
    assert np.array_equal(chips, bits[256:512])
    wanted = bits[8 * 131 :][:164].reshape(-1, 2) @ [1, 1j] / np.sqrt(2)
    assert pilots == pytest.approx(wanted)
    assert "".join("01"[int(chip < 0)] for chip in chips[:PREAMBLE]) in PAGE
    tag = stream(made[:32], header[:12], 4)
    assert f"{header[:12].hex(' ')}: {tag.hex(' ')}" in PAGE
    assert np.array_equal(symbols, masked(header[:12] + tag, key, 77))


def test_each_start_has_a_nonce_of_its_own():
    a, b = Air().modulator, Air().modulator
    nonces = [a.names.nonce, b.names.nonce]
    a.restart(0)
    nonces.append(a.names.nonce)
    assert len({*nonces}) == 3
    assert all(len(nonce) == 12 for nonce in nonces)


@pytest.mark.parametrize("skipped", [1, 2, 3, 31, 32, 40, 63])
def test_bob_joins_late_within_the_stated_number_of_bursts(skipped):
    air = Air()
    list(air.bursts(skipped))
    found = numbers(air.bob(), air.bursts(2 * JOIN))
    assert found[0] - skipped <= JOIN - keyed_bursts.PARTS
    assert found == list(range(found[0], skipped + 2 * JOIN))


@pytest.mark.parametrize("seconds", [-1.9, 1.9])
def test_clocks_may_differ_by_the_stated_time(seconds):
    air = Air()
    bob = air.bob(clock=lambda: air.now + seconds)
    assert numbers(bob, air.bursts(100)) == list(range(100))


def test_the_right_time_is_needed_to_join_only():
    air = Air()
    begun = air.now
    bob = air.bob(clock=lambda: begun)
    assert numbers(bob, air.bursts(800)) == list(range(800))
    late = air.bob(clock=lambda: begun)
    assert numbers(late, air.bursts(100)) == []


@pytest.mark.parametrize(
    "lost", [{0}, {1}, {2}, {5}, {31}, {32}, {33}, {34}, {32, 33}, {20, 21, 22, 23, 24}]
)
def test_lost_bursts_cost_no_others_once_in_step(lost):
    air = Air()
    burst = list(air.bursts(3 * JOIN))
    silence = np.zeros(FRAME.samples(), np.complex64)
    heard = [silence if i in lost else samples for i, samples in enumerate(burst)]
    found = numbers(air.bob(clock=lambda: 1.7e9), heard)
    if lost & {0, 1, 2}:  # of the first group: from the next one on
        assert found[-1] == 3 * JOIN - 1
        assert len(found) >= 3 * JOIN - 3 - keyed_bursts.EVERY * 2
    else:
        assert found == [i for i in range(3 * JOIN) if i not in lost]


def test_a_pause_costs_nothing():
    air = Air()
    bob = air.bob()
    first = numbers(bob, air.bursts(40))
    air.now += 60
    pause = noise(50 * FRAME.samples(), 0.01)
    assert numbers(bob, [pause]) == []
    assert (first + numbers(bob, air.bursts(40))) == list(range(80))


def test_bob_goes_on_when_alice_starts_again():
    air = Air()
    bob = air.bob()
    numbers(bob, air.bursts(50))
    air.modulator.restart(0)
    found = numbers(bob, air.bursts(3 * JOIN))
    assert len(found) >= 2 * JOIN
    assert found == list(range(3 * JOIN - len(found), 3 * JOIN))
    assert bob.counts["restarts"] == 1


def test_a_replay_in_the_same_session_is_refused_and_counted():
    air = Air()
    bob, bursts = air.bob(), list(air.bursts(60))
    assert len(numbers(bob, bursts)) == 60
    assert numbers(bob, bursts) == []
    assert bob.counts["replayed"] >= 1
    assert numbers(bob, air.bursts(20)) == list(range(60, 80))


def test_a_group_that_bob_missed_is_refused_when_it_is_replayed():
    air = Air()
    bob, bursts = air.bob(), list(air.bursts(100))
    groups = bursts[64:70]
    heard = bursts[:60] + bursts[70:]
    silence = [np.zeros(FRAME.samples(), np.complex64)] * 10
    found = numbers(bob, heard[:60] + silence + heard[60:])
    assert numbers(bob, silence + groups) == []
    assert found[-1] == 99


def test_a_replay_of_an_earlier_session_is_refused():
    air = Air()
    bursts = list(air.bursts(60))
    air.now += 10
    bob = air.bob()
    assert numbers(bob, bursts) == []
    assert bob.counts["received"] == 0


def forging(air, seed=8):
    """Have Alice send random headers with the right masks from burst 3 on."""
    rng, modulator = np.random.default_rng(seed), air.modulator
    honest, key = modulator._key, modulator.names.session

    def forged(row, header):
        ramps = honest(row, header)
        if header.number >= 3:
            row[FRAME.header_at] = masked(rng.bytes(16), key, header.number)
        return ramps

    modulator._key = forged


def test_forged_headers_are_refused_and_counted():
    # In lib/modem/qa_keyed_symbols.cc 10^5 tags are guessed.
    air = Air()
    forging(air)
    bob = air.bob()
    found = numbers(bob, air.bursts(32))
    assert found == [0, 1, 2]
    # After eight bursts that are lost, Bob waits for the next group.
    assert bob.counts["forged"] == keyed_bursts._LOST + 1


def test_a_header_that_noise_destroys_is_not_called_forged():
    air = Air()
    bob = air.bob()
    level = 10 ** (3 / 20) * air.modulator.scale / np.sqrt(2)  # SNR -3 dB
    numbers(bob, air.bursts(3))
    numbers(bob, [x + noise(len(x), level, i) for i, x in enumerate(air.bursts(200))])
    assert bob.counts["bad_headers"] > 0
    assert bob.counts["forged"] == 0


def metric_of(samples):
    """Return the root of the plain preamble's metric by lib/modem/burst_search.h."""
    from advphy_model.modem.pulse import frame_bank

    y = np.convolve(samples, frame_bank(FRAME, 1)[0])[::2]  # two values per symbol
    at = np.arange(len(y) - 2 * PREAMBLE)[:, None] + 2 * np.arange(PREAMBLE)
    c = (y[at] * FRAME.preamble).reshape(-1, PREAMBLE // 8, 8).sum(2)
    products = np.abs((c[:, 1:] * c[:, :-1].conj()).sum(1))
    scale = 8 * (PREAMBLE - 8) / PREAMBLE
    return products / (scale * (np.abs(y[at]) ** 2).sum(1))


def test_the_plain_metric_of_keyed_bursts_is_that_of_noise():
    air = Air()
    level = air.modulator.scale / np.sqrt(20)  # SNR 10 dB
    samples = np.concatenate(list(air.bursts(30)))
    keyed = metric_of(samples + noise(len(samples), level))
    alone = metric_of(noise(len(samples), level))
    assert np.sqrt(np.mean(keyed**2)) < 1.1 * np.sqrt(np.mean(alone**2))
    assert np.quantile(keyed, 1 - 1e-4) < 0.75 * THRESHOLD
    plain = np.concatenate(list(Air(secret=None).bursts(3)))
    assert metric_of(plain).max() > 0.9


def correlations(samples, bursts):
    """Return |normalized correlation| of bursts at distances of 1..bursts - 1."""
    rows = samples.reshape(bursts, -1)
    gram = rows @ rows.conj().T
    energy = np.trace(gram).real / bursts
    lags = range(1, bursts)
    return [abs(np.trace(gram, lag)) / energy / (bursts - lag) for lag in lags]


def test_keyed_bursts_do_not_correlate_with_each_other():
    def stream(air):
        rng, size = np.random.default_rng(1), FRAME.codewords
        sent = MODEL.codebook[rng.integers(0, MODEL.M, 100 * size)]
        made = [air.modulator.modulate(part) for part in np.split(sent, 100)]
        return np.concatenate(made)

    keyed, plain = stream(Air()), stream(Air(secret=None))
    symbols = FRAME.symbols(FRAME.codewords)
    # Random symbols: 1 / sqrt(symbols) from each pair of bursts. Plain bursts share
    # preamble, most of the header and the pilots, a third of their energy.
    bound = [4 / np.sqrt(symbols * pairs) for pairs in range(99, 0, -1)]
    assert np.all(np.array(correlations(keyed, 100)) < bound)
    assert min(correlations(plain, 100)) > 0.2


def test_nobody_without_the_secret_finds_a_burst_and_the_hint_says_why():
    air = Air()
    samples = np.concatenate(list(air.bursts(70)))
    for secret in (None, bytes(32)):
        bob = air.bob(secret=secret)
        assert numbers(bob, [samples]) == []
        assert "if its bursts are keyed, give their secret" in bob.hint
    plain = np.concatenate(list(Air(secret=None).bursts(70)))
    bob = air.bob()
    assert numbers(bob, [plain]) == []
    assert bob.hint


def test_noise_gives_no_hint_and_no_burst():
    for secret in (None, SECRET):
        bob = Air().bob(secret=secret)
        assert numbers(bob, [noise(70 * FRAME.samples(), 1)]) == []
        assert not bob.hint


@pytest.mark.parametrize("secret", [b"", bytes(31), "0" * 32])
def test_a_secret_of_wrong_length_is_refused(secret):
    for end in (Modulator, Synchronizer):
        with pytest.raises(ValueError, match="secret must be 32 bytes, got"):
            end(FRAME, MODEL, secret=secret)
