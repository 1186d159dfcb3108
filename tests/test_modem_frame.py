# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames, headers and pulses: what the layout says."""

import zlib
from fractions import Fraction

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.modem.frame import PREAMBLE, Frame
from advphy_model.modem.header import Header, check_of_seed, encode, require_seed
from advphy_model.modem.pulse import pulse_bank, root_raised_cosine

from .test_modem import noise


def test_the_pulse_has_unit_energy_and_no_crosstalk_behind_its_matched_filter():
    pulse = pulse_bank(4, 0.35, 32, 1)[0].astype(float)
    both = np.convolve(pulse, pulse)
    at_symbols = both[both.argmax() % 4 :: 4]
    assert at_symbols.max() == pytest.approx(1, abs=1e-6)
    # [proakis]: Nyquist's criterion; what is left is the truncation.
    assert np.sort(np.abs(at_symbols))[-2] < 1e-3


def test_the_pulse_has_the_values_of_its_limits():
    # By hand: p(0) = 1 - b + 4 b / pi.
    assert root_raised_cosine(0.0, 0.5) == pytest.approx(0.5 + 2 / np.pi)
    near, pole = root_raised_cosine([0.5 + 1e-6, 0.5], 0.5)
    assert pole == pytest.approx(near, abs=1e-5)


def test_the_preamble_is_a_maximal_length_sequence():
    chips = Frame(7).preamble[:127]
    circular = [np.dot(chips, np.roll(chips, k)) for k in range(127)]
    assert circular == [127] + [-1] * 126  # [golomb, ch. 3]
    # x^7 + x + 1 as products of -1 and 1, from a register of ones.
    assert (chips[:7] == -1).all()
    assert (chips[7:] == chips[:-7] * chips[1:-6]).all()
    assert Frame(7).preamble[127] == chips[0]


def test_symbols_of_a_frame_do_not_share_places():
    for frame in (Frame(7), Frame(12, codewords=5), Frame(1, codewords=256, pilots=3)):
        places = np.concatenate(
            [
                frame.preamble_at + np.arange(PREAMBLE),
                frame.header_at,
                frame.pilot_at,
                frame.payload_at,
            ]
        )
        begin = frame.gap // 2 + frame.ramp
        end = frame.symbols(frame.codewords) - begin
        assert sorted(places) == list(range(begin, end))


def test_a_header_says_what_it_said():
    header = Header(2**31 + 5, 256, b"\x01\x02\x03\x04", True, b"\xab\xcd")
    said = header.to_bytes()
    assert len(said) == 16
    assert zlib.crc32(said[:12]).to_bytes(4, "big") == said[12:]
    symbols = encode([header, header])
    assert symbols.shape == (2, kernels.HEADER_SYMBOLS)
    assert np.abs(symbols) == pytest.approx(1)
    assert Header(*kernels.decode_header(symbols[0])) == header


@pytest.mark.parametrize(
    "other",
    [
        {"codewords": 257},
        {"codewords": 0},
        {"model_hash": b"has"},
        {"key_check": b"c"},
        {"seed_check": b"ch"},
        {"version": 16},
    ],
)
def test_a_header_that_its_bytes_cannot_hold_is_refused(other):
    fits = {"codewords": 256, "model_hash": b"hash", "key_check": b"ch", "version": 15}
    assert Header(1, **fits).to_bytes()[:2] == b"\xf2\xff"
    with pytest.raises(ValueError, match=r"1\.\.256 codewords, a version in 0\.\.15"):
        Header(1, **(fits | other)).to_bytes()


def test_the_check_of_a_seed_is_in_bytes_10_and_11_under_a_flag_of_its_own():
    without = Header(3, 128, b"abcd").to_bytes()
    header = Header(3, 128, b"abcd", seed_check=check_of_seed(1))
    said = header.to_bytes()
    assert (without[0], said[0]) == (0x10, 0x14)  # version 1 stays
    assert without[10:12] == b"\0\0"
    # `printf '\0\0\0\0\0\0\0\1' | sha256sum` begins with cd26...
    assert said[10:12].hex() == "cd26"
    symbols = encode([header, Header(3, 128, b"abcd")])
    assert Header(*kernels.decode_header(symbols[0])) == header
    assert Header(*kernels.decode_header(symbols[1])).seed_check is None


def test_another_seed_is_refused_and_a_small_one_is_named():
    require_seed(5, check_of_seed(5), 0)
    require_seed(5, None, 0)  # of an old sender, or data of the user's own
    with pytest.raises(
        ValueError, match=r"got 2: burst 7 .* probably seed 1; .*--seed"
    ):
        require_seed(2, check_of_seed(1), 7)
    with pytest.raises(ValueError, match="messages of another seed; give"):
        require_seed(2, check_of_seed(2**63), 7)


def test_a_small_seed_is_named_only_where_it_is_unique():
    checks = [check_of_seed(seed) for seed in range(1000)]
    shared = next(each for each in checks if checks.count(each) > 1)
    with pytest.raises(ValueError, match="another seed; give it"):
        require_seed(2**40, shared, 0)


def test_a_header_is_decoded_with_a_third_of_its_symbols_gone():
    # The free distance of the code is 10, so of both copies 20 bits [ccsds]; erasures
    # of 80 neighboring symbols of one copy leave the other.
    header = Header(77, 128, b"abcd")
    symbols = encode([header])[0]
    symbols[:80] = 0
    assert Header(*kernels.decode_header(symbols)) == header


def test_a_header_of_noise_does_not_pass():
    symbols = (noise(kernels.HEADER_SYMBOLS, 1, seed) for seed in range(300))
    assert not any(map(kernels.decode_header, symbols))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"n": 0}, "n must be.*got 0"),
        ({"codewords": 257}, "codewords must be.*got 257"),
        ({"samples_per_symbol": 1}, "samples_per_symbol must be.*got 1"),
        ({"samples_per_symbol": 2.5}, "samples_per_symbol must be.*got 2.5"),
        ({"rolloff": 0}, "rolloff must be.*got 0"),
        ({"gap": 4}, "gap must be.*got 4"),
        ({"span": 11}, "span must be.*got 11"),
        ({"symbol_energy": float("nan")}, "symbol_energy must be.*got nan"),
    ],
)
def test_a_frame_that_makes_no_sense_is_refused(settings, text):
    with pytest.raises(ValueError, match=text):
        Frame(**{"n": 7} | settings)


def test_equal_numbers_of_any_type_are_the_same_frame():
    given = {"n": 7.0, "codewords": np.int64(8), "pilots": 2.0, "gap": 16.0}
    frame = Frame(**given, span=12.0, ramp=4.0, rolloff=Fraction(1, 2), symbol_energy=2)
    assert frame == Frame(7, codewords=8, rolloff=0.5, symbol_energy=2.0)
    kinds = dict.fromkeys(frame.describe(), int)
    kinds |= {"rolloff": float, "symbol_energy": float}
    assert {name: type(value) for name, value in frame.describe().items()} == kinds
    assert type(frame.samples()) is int


@pytest.mark.parametrize("name", ["n", "symbol_energy"])
def test_what_follows_from_the_link_is_no_setting(name):
    with pytest.raises(ValueError, match=f"{name} follows from the link; omit it"):
        Frame.of_model("bpsk", **{name: 4})
