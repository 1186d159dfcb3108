# SPDX-License-Identifier: GPL-3.0-or-later
"""[arn, Fig. 3]: MSE of Bob and accuracy of Eve over SNR, PSR -10 dB."""

import functools

from advphy_training.reproduce.arn_curves import frontier, labels
from advphy_training.reproduce.claims import Claim, at_most, below, only, within

TITLE = "Bob's error and Eve's accuracy over SNR, PSR -10 dB [arn, Fig. 3]"
X_LABEL = "SNR [dB]"
SNRS_DB = (0.0, 5.0, 10.0, 15.0, 20.0)
AT = 10.0
_PAIRS = ("white", "white_without", "black", "black_without", "fair", "transformer")
MSE_CURVES = labels("base", *_PAIRS, "keyed", "keyed_base")
ACCURACY_CURVES = labels("base", "white", "black", "transformer")
ACCURACY_CURVES |= labels("white_adapted", "transformer_adapted")
ACCURACY_CURVES |= {"keyed": "keyed pair, Eve adapts"}
LINES = {}


def measure(family, measured):
    """Measure the curves of a family of models; yield texts of progress."""
    base, eve, keyed = family.base(), family.eve(), family.keyed()
    note = functools.partial(measured.note, family.number)
    links = {
        "white": family.pair("white"),
        "black": family.pair("black"),
        "transformer": family.pair("white", block="transformer"),
    }
    for snr_db in SNRS_DB:
        note("base", snr_db, family.measure(base, snr_db, eve))
        for name, link in links.items():
            note(name, snr_db, family.measure(link, snr_db, eve), without=True)
        louder = measured.power_db[family.number, "white", snr_db][1]
        note("fair", snr_db, family.measure(base, snr_db + louder))
        yield f"{snr_db:g} dB, static Eve"
        for name in ("white", "transformer") if snr_db == AT else ("white",):
            found = family.measure_adapted(links[name], snr_db)
            note(f"{name}_adapted", snr_db, {"eve": found["eve"]})
        own = family.measure(family.base("per_message"), snr_db)
        note("keyed_base", snr_db, own)
        note("keyed", snr_db, family.measure_adapted(keyed, snr_db))
        yield f"{snr_db:g} dB, Eve adapts"
    yield from frontier(family, measured)
    white = family.measure_adapted(links["white"], AT)
    measured.note_frontier(family.number, "pair", white)


CLAIMS = (
    Claim(
        "Bob's module lowers his error",
        "'employing the receiver pluggable module results in a better MSE'",
        only("mse", ("white", "white_without"), SNRS_DB, below()),
    ),
    Claim(
        "With the pair, Bob's error is that of the original (1.02 times it)",
        "'a MSE performance close to that of the original'",
        only("mse", ("white", "base"), (AT,), at_most(1.02)),
    ),
    Claim(
        "Eve's accuracy drops to around 0.4 (0.36 to 0.45)",
        "'Eve's image classification accuracy drops to around 0.4'",
        only("accuracy", ("white",), (AT,), within(0.36, 0.45)),
    ),
    Claim(
        "Black box costs Bob little (1.02 times white box)",
        "'only leads to a slight decrease in MSE performance'",
        only("mse", ("black", "white"), (AT,), at_most(1.02)),
    ),
    Claim(
        "Black box fools Eve nearly as well (0.05 more accuracy)",
        "'... and attack capability'",
        only("accuracy", ("black", "white"), (AT,), at_most(1.0, more=0.05)),
    ),
    Claim(
        "The pair's error is no lower than the original's at the power it sends",
        "asked in addition: x' is louder than x, and that is part of a good MSE",
        only("mse", ("fair", "white"), (AT,), at_most(1.0)),
    ),
    Claim(
        "An Eve who adapts is fooled, too (accuracy below 0.5)",
        "asked in addition: she listens, and learns from 50000 labelled intercepts",
        only("accuracy", ("white_adapted",), (AT,), within(0.0, 0.5)),
    ),
    Claim(
        "A pair of transformers fools an Eve who adapts (accuracy below 0.5)",
        "the letter's future work [arn, Sec. VI]",
        only("accuracy", ("transformer_adapted",), (AT,), within(0.0, 0.5)),
    ),
    Claim(
        "The keyed pair leaves an adapting Eve blind (within 0.01 of 0.1135)",
        "not in the letter",
        only("accuracy", ("keyed",), SNRS_DB, within(0.0, 0.1235)),
    ),
    Claim(
        "With the keyed pair, Bob's error is at most that of its original",
        "not in the letter",
        only("mse", ("keyed", "keyed_base"), SNRS_DB, at_most(1.0)),
    ),
)
