# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts of AFF3CT that its authors have published, against our own counts.

They are of https://github.com/aff3ct/error_rate_references:
BCH/AWGN/BPSK/ALGEBRAIC/BCH_N7_K4_algebraic_T1.txt (frames, frame errors) and
UNCODED/AWGN/PSK/Uncoded_K4003_BPSK.txt (frames of 4003 bits, bit errors).
"""

import pytest
from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting

HAMMING = {
    0: (36_667, 9750),
    2: (39_712, 4993),
    4: (40_180, 1554),
    6: (174_960, 1000),
    8: (3_714_059, 1000),
}
BPSK_BITS = {0: (513, 161_518), 4: (503, 25_318), 8: (1000, 723)}


def counted(name, ebn0_db, blocks):
    setting = LinkSetting(links.load(name), float(ebn0_db))
    (row,) = ranges.total(setting, StopRule(None, blocks))
    return row.block_errors / row.blocks, row.blocks


@pytest.mark.parametrize("ebn0_db", HAMMING)
def test_hamming_hard_has_the_frame_error_rate_of_aff3ct(ebn0_db):
    frames, errors = HAMMING[ebn0_db]
    theirs = errors / frames
    ours, blocks = counted("hamming74_hard", ebn0_db, 4_000_000)
    deviation = (theirs * (1 - theirs) * (1 / frames + 1 / blocks)) ** 0.5
    assert abs(ours - theirs) < 3.3 * deviation  # once in a thousand by chance


@pytest.mark.parametrize("ebn0_db", BPSK_BITS)
def test_bpsk_has_the_bit_error_rate_of_aff3ct(ebn0_db):
    frames, errors = BPSK_BITS[ebn0_db]
    bits = 4003 * frames
    theirs = errors / bits
    found, blocks = counted("bpsk", ebn0_db, 4_000_000)
    ours = 1 - (1 - found) ** (1 / 4)  # bits err independently
    deviation = (
        theirs * (1 - theirs) * (1 / (4003 * frames) + 1 / (4 * blocks))
    ) ** 0.5
    assert abs(ours - theirs) < 3.3 * deviation
