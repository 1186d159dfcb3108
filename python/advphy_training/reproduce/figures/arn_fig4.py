# SPDX-License-Identifier: GPL-3.0-or-later
"""[arn, Fig. 4]: MSE of Bob and accuracy of Eve over PSR, SNR 10 dB."""

from advphy_training.reproduce import arn_claims
from advphy_training.reproduce import arn_curves as arn_reproduction

TITLE = "Bob's error and Eve's accuracy over PSR, SNR 10 dB [arn, Fig. 4]"
X_LABEL = "PSR [dB]"
PSRS_DB = (-20.0, -15.0, -10.0, -5.0)
SNR_DB = 10.0
MSE_CURVES = {
    "white": "pair, white box",
    "white_without": "white box without Bob's module",
    "black": "pair, black box",
    "black_without": "black box without Bob's module",
    "fair": "original, SNR raised by the pair's power",
}
ACCURACY_CURVES = {
    "white": "pair, white box",
    "black": "pair, black box",
    "white_adapted": "white box, Eve adapts",
}
LINES = {"base": "original system", "keyed": "keyed pair (PSR +3 dB), Eve adapts"}


def measure(family, measured):
    """Measure the curves of a family of models; yield what is done."""
    base, eve, number = family.base(), family.eve(), family.number
    keyed = family.keyed()
    unsecured = family.measure(base, SNR_DB, eve)
    hidden = family.measure(keyed, SNR_DB, family.adapted(keyed, SNR_DB))
    for psr_db in PSRS_DB:
        measured.note(number, "base", psr_db, unsecured)
        measured.note(number, "keyed", psr_db, hidden)
        for box in ("white", "black"):
            found = family.measure(family.pair(box, psr_db), SNR_DB, eve)
            measured.note(number, box, psr_db, found)
            without = {"bob_without": found["bob_without"]}
            measured.note(number, f"{box}_without", psr_db, without, "bob_without")
        louder = measured.power_db[number, "white", psr_db][1]
        measured.note(number, "fair", psr_db, family.measure(base, SNR_DB + louder))
        yield f"PSR {psr_db:g} dB, static Eve"
        white = family.pair("white", psr_db)
        found = family.measure(white, SNR_DB, family.adapted(white, SNR_DB))
        measured.note(number, "white_adapted", psr_db, {"eve": found["eve"]})
        measured.note_frontier(number, "pair", found, found)
        yield f"PSR {psr_db:g} dB, Eve adapts"
    yield from arn_reproduction.frontier(family, measured)


CLAIMS = (
    arn_claims.below_by(
        "At -20 dB Eve's accuracy falls by about ten points (8 to 12)",
        "'reduces Eve's classification accuracy by approximately 10%'",
        "accuracy",
        "white",
        "base",
        0.08,
        0.12,
        (-20.0,),
    ),
    arn_claims.falling(
        "Eve's accuracy falls with the PSR",
        "'a gradual decrease in Eve's classification accuracy'",
        "accuracy",
        "white",
        PSRS_DB,
    ),
    arn_claims.within(
        "At -5 dB Eve is on the verge of failure (at most 0.17)",
        "'Eve's classifier on the verge of failure'",
        "accuracy",
        "white",
        0.0,
        0.17,
        (-5.0,),
    ),
    arn_claims.within(
        "At -5 dB Bob's error stays below 0.03",
        "'the MSE of the Alice-Bob link remains below 0.03'",
        "mse",
        "white",
        0.0,
        0.03,
        (-5.0,),
    ),
    arn_claims.within(
        "At -5 dB an Eve who adapts is fooled, too (accuracy below 0.5)",
        "asked beside it: she listens, and learns from 50000 labelled intercepts",
        "accuracy",
        "white_adapted",
        0.0,
        0.5,
        (-5.0,),
    ),
)
