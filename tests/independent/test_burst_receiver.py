# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/burst_format.md against our modem, and the receiver that was written from it."""

import json
import re

import numpy as np
import pytest
from advphy_model import randomness
from advphy_model.link import any_link, decision
from advphy_model.measure import known_answers
from advphy_model.modem.frame import Frame
from advphy_model.modem.header import Header, check_of_seed, encode
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.pulse import frame_bank
from advphy_model.modem.synchronizer import Synchronizer

from tests.conftest import CLONE

from . import burst_receiver

PAGE = (CLONE / "docs" / "burst_format.md").read_text()
MOST_ERRORS, MOST_DECISIONS = 4, 12  # that may differ, of 1024 blocks
FRAMES = [
    Frame(7),
    Frame(1, codewords=10, group=4, pilots=3),
    Frame(12, codewords=256, samples_per_symbol=5, span=8, symbol_energy=23 / 12),
    Frame(5, codewords=30, rolloff=0.5, gap=20, ramp=6, group=7, pilots=1),
]


def said(name):
    """Return the text after a word of the page's indented lines."""
    (found,) = re.findall(rf"^    {name} (.+)$", PAGE, re.MULTILINE)
    return found


def dibits(symbols):
    return "".join(str(2 * (z.real < 0) + (z.imag < 0)) for z in symbols)


def test_the_checks_of_the_page_are_what_is_sent():
    frame = Frame(7)
    assert said("bits") == "".join(str(int(chip < 0)) for chip in frame.preamble)
    assert said("pilots") == dibits(frame.pilot_symbols)
    link = any_link.load("two_simplices")
    header = Header(0, 128, bytes.fromhex(link.sha256[:8]), seed_check=check_of_seed(1))
    assert said("header") == header.to_bytes().hex(" ")
    assert said("symbols") == dibits(encode([header])[0, :20])
    sent = randomness.messages(1, 0, 16, 4)
    assert said("messages") == " ".join(map(str, sent))
    taps = frame_bank(frame, 1)[0]
    for fraction, value in re.findall(r"p\(([\d/]+)\) = ([-.\d]+\d)", PAGE):
        assert taps[24 + round(4 * eval(fraction))] == pytest.approx(
            float(value), abs=1e-6
        )


def test_the_places_of_the_page_are_those_of_the_usual_burst():
    table = PAGE.partition("| part |")[2].partition("Bursts follow")[0]
    places = [int(row.split("|")[3]) for row in table.splitlines()[2:] if "|" in row]
    frame = Frame(7)
    end = frame.symbols(128)
    assert places == [
        *(0, frame.gap // 2, frame.preamble_at, frame.header_at[0]),
        *(frame.header_at[-1] + 1, frame.payload_at[0], end - 12, end - 8),
    ]
    assert end == 1398


@pytest.mark.parametrize("frame", FRAMES, ids=repr)
def test_the_layout_by_the_page_is_ours(frame):
    by_page = burst_receiver.Receiver(**frame.describe())
    first = frame.preamble_at
    assert np.array_equal(by_page.header + first, frame.header_at)
    assert np.array_equal(by_page.payload + first, frame.payload_at)
    assert np.array_equal(by_page.pilot + first, frame.pilot_at)
    assert by_page.length == frame.samples()
    known = burst_receiver.pilots(len(frame.pilot_at))
    np.testing.assert_allclose(known, frame.pilot_symbols, atol=1e-6)
    steps = by_page.pulse(np.arange(-5, 6))
    ours = frame_bank(frame, 1)[0][frame.span * frame.samples_per_symbol // 2 - 5 :]
    np.testing.assert_allclose(steps, ours[:11], rtol=3e-3, atol=3e-4)


def test_the_nonce_of_version_2_by_the_page_is_the_one_sent():
    link, nonce = any_link.load("minmax_arn"), bytes(range(12))
    frame = Frame.of_model(link, codewords=8)
    modulator = Modulator(frame, link, 2**31 + 5)
    modulator.carry_nonce(nonce)
    sent = np.ones((32, link.n), np.complex64)
    x = np.pad(modulator.modulate(sent, inserted=True, key_checks=[b"ab"] * 4), 300)
    parts, hashes = {}, set()
    for number, header, _ in burst_receiver.Receiver(**frame.describe()).receive(x):
        assert (header[0], header[10:12]) == (0x23, b"ab")
        if number % 4 < 3:
            parts[number % 4] = header[6:10]
        else:
            hashes.add(header[6:10].hex())
    assert b"".join(parts[part] for part in range(3)) == nonce
    assert hashes == {link.sha256[:8]}


@pytest.mark.parametrize("seed", [0, 1, 2**32 + 5, 2**64 - 1])
def test_the_messages_by_the_page_are_ours(seed):
    first = 2**40 - 300
    ours = randomness.messages(seed, first, 700, 8)
    assert [message(seed, first + i) for i in range(700)] == ours.tolist()


def message(seed, i):
    """Return byte i of the page's stream, in Python's integers."""
    group, rest = divmod(i, 256)
    word, rest = divmod(rest, 64)
    lane, place = divmod(rest, 4)
    counter, low = 16 * group + lane, 2**32 - 1
    c, k = [counter & low, counter >> 32, 0, 0], [seed & low, seed >> 32]
    for _ in range(10):  # Philox4x32-10, Salmon et al. 2011
        p, q = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(q >> 32) ^ c[1] ^ k[0], q & low, (p >> 32) ^ c[3] ^ k[1], p & low]
        k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
    return c[word] >> 8 * place & 255


def test_without_noise_it_receives_the_codewords_that_were_sent():
    link = any_link.load("minmax_arn")  # 23 reals in 12 channel uses
    frame = Frame.of_model(link, codewords=16, samples_per_symbol=5)
    generator = np.random.default_rng(3)
    sent = (generator.standard_normal((48, 12, 2)) @ [1, 1j]).astype(np.complex64)
    x = 3.7j * Modulator(frame, link, 2**31).modulate(sent, inserted=True)
    x = np.pad(x, 300) * np.exp(2j * np.pi * 0.002 * np.arange(len(x) + 600))
    found = burst_receiver.Receiver(**frame.describe()).receive(x)
    assert [number for number, _, _ in found] == [2**31, 2**31 + 1, 2**31 + 2]
    assert {header[0] for _, header, _ in found} == {0x11}
    y = np.concatenate([codewords for _, _, codewords in found])
    assert np.mean(np.abs(y - sent) ** 2) < 1e-3


@pytest.mark.parametrize("name", known_answers.NAMES)
def test_it_agrees_with_ours_on_the_known_answers(name):
    stem = known_answers.FOLDER / name
    told = json.loads(stem.with_suffix(".sigmf-meta").read_text())["global"]
    raw = np.fromfile(stem.with_suffix(".sigmf-data"), np.int8) / 128
    x = raw[::2] + 1j * raw[1::2]
    theirs = burst_receiver.Receiver(**told["advphy:frame"]).receive(x)
    link, frame = any_link.load(told["advphy:link"]), Frame(**told["advphy:frame"])
    y, ours = Synchronizer(frame, link).push(x.astype(np.complex64))
    assert [number for number, _, _ in theirs] == [f.header.number for f in ours]
    decider, errors, differing = decision.decider(link), 0, 0
    for (number, header, codewords), burst in zip(theirs, ours, strict=True):
        assert header == burst.header.to_bytes()
        decided, ours_decided, erased = np.empty((3, len(codewords)), np.uint8)
        decider.decide(codewords, decided, erased)
        decider.decide(y[burst.first_codeword :][:128], ours_decided, erased)
        index = 128 * number + np.arange(128)
        sent = [message(told["advphy:seed"], int(i)) % 2**link.k for i in index]
        errors += np.count_nonzero(decided != sent)
        differing += np.count_nonzero(decided != ours_decided)
    assert abs(errors - told["advphy:counts"]["block_errors"]) <= MOST_ERRORS
    assert differing <= MOST_DECISIONS
    row = re.search(
        rf"^\| `{name}` .*\| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE
    )
    ours_errors, their_errors, different = map(int, row.groups())
    assert ours_errors == told["advphy:counts"]["block_errors"]
    assert (their_errors, different) == pytest.approx((errors, differing), abs=2)
