# SPDX-License-Identifier: GPL-3.0-or-later
"""[arn, Fig. 3]: MSE of Bob and accuracy of Eve over SNR, PSR -10 dB."""

from advphy_training.reproduce import arn_claims
from advphy_training.reproduce import arn_curves as arn_reproduction

TITLE = "Bob's error and Eve's accuracy over SNR, PSR -10 dB [arn, Fig. 3]"
X_LABEL = "SNR [dB]"
SNRS_DB = (0.0, 5.0, 10.0, 15.0, 20.0)
AT = 10.0
MSE_CURVES = {
    "base": "original system",
    "white": "pair, white box",
    "white_without": "white box without Bob's module",
    "black": "pair, black box",
    "black_without": "black box without Bob's module",
    "fair": "original, SNR raised by the pair's power",
    "transformer": "pair of transformers, white box",
    "keyed": "keyed pair",
    "keyed_base": "its original, per-message power",
}
ACCURACY_CURVES = {
    "base": "original system",
    "white": "pair, white box",
    "black": "pair, black box",
    "transformer": "pair of transformers, white box",
    "white_adapted": "white box, Eve adapts",
    "transformer_adapted": "transformers, Eve adapts",
    "keyed": "keyed pair, Eve adapts",
}
LINES = {}


def measure(family, measured):
    """Measure the curves of a family of models; yield what is done."""
    base, eve, number = family.base(), family.eve(), family.number
    links = {
        "white": family.pair("white"),
        "black": family.pair("black"),
        "transformer": family.pair("white", block="transformer"),
    }
    for snr_db in SNRS_DB:
        measured.note(number, "base", snr_db, family.measure(base, snr_db, eve))
        for name, link in links.items():
            found = family.measure(link, snr_db, eve)
            measured.note(number, name, snr_db, found)
            without = {"bob_without": found["bob_without"]}
            measured.note(number, f"{name}_without", snr_db, without, "bob_without")
        louder = measured.power_db[number, "white", snr_db][1]
        fair = family.measure(base, snr_db + louder)
        measured.note(number, "fair", snr_db, fair)
        yield f"{snr_db:g} dB, static Eve"
        for name in ("white", "transformer") if snr_db == AT else ("white",):
            hers = family.adapted(links[name], snr_db)
            found = {"eve": family.measure(links[name], snr_db, hers)["eve"]}
            measured.note(number, f"{name}_adapted", snr_db, found)
        keyed = family.keyed()
        own = family.measure(family.base("per_message"), snr_db)
        measured.note(number, "keyed_base", snr_db, own)
        found = family.measure(keyed, snr_db, family.adapted(keyed, snr_db))
        measured.note(number, "keyed", snr_db, found)
        yield f"{snr_db:g} dB, Eve adapts"
    yield from arn_reproduction.frontier(family, measured)
    white = family.measure(links["white"], AT, family.adapted(links["white"], AT))
    measured.note_frontier(number, "pair", white, white)


CLAIMS = (
    arn_claims.lower(
        "Bob's module lowers his error",
        "'employing the receiver pluggable module results in a better MSE'",
        "mse",
        "white",
        "white_without",
        SNRS_DB,
    ),
    arn_claims.at_most(
        "With the pair, Bob's error is that of the original (1.02 times it)",
        "'a MSE performance close to that of the original'",
        "mse",
        "white",
        "base",
        1.02,
        (AT,),
    ),
    arn_claims.within(
        "Eve's accuracy drops to around 0.4 (0.36 to 0.45)",
        "'Eve's image classification accuracy drops to around 0.4'",
        "accuracy",
        "white",
        0.36,
        0.45,
        (AT,),
    ),
    arn_claims.at_most(
        "Black box costs Bob little (1.02 times white box)",
        "'only leads to a slight decrease in MSE performance'",
        "mse",
        "black",
        "white",
        1.02,
        (AT,),
    ),
    arn_claims.at_most(
        "Black box fools Eve nearly as well (0.05 more accuracy)",
        "'... and attack capability'",
        "accuracy",
        "black",
        "white",
        1.0,
        (AT,),
        more=0.05,
    ),
    arn_claims.at_most(
        "The pair's error is no lower than the original's at the power it sends",
        "asked beside it: x' is louder than x, and that is part of a good MSE",
        "mse",
        "fair",
        "white",
        1.0,
        (AT,),
    ),
    arn_claims.within(
        "An Eve who adapts is fooled, too (accuracy below 0.5)",
        "asked beside it: she listens, and learns from 50000 labelled intercepts",
        "accuracy",
        "white_adapted",
        0.0,
        0.5,
        (AT,),
    ),
    arn_claims.within(
        "A pair of transformers fools an Eve who adapts (accuracy below 0.5)",
        "the letter's future work [arn, Sec. VI]",
        "accuracy",
        "transformer_adapted",
        0.0,
        0.5,
        (AT,),
    ),
    arn_claims.within(
        "The keyed pair leaves an adapting Eve blind (within 0.01 of 0.1135)",
        "not in the letter",
        "accuracy",
        "keyed",
        0.0,
        0.1235,
        SNRS_DB,
    ),
    arn_claims.at_most(
        "With the keyed pair, Bob's error is at most that of its original",
        "not in the letter",
        "mse",
        "keyed",
        "keyed_base",
        1.0,
        SNRS_DB,
    ),
)
