# SPDX-License-Identifier: GPL-3.0-or-later
"""[arn, Fig. 4]: MSE of Bob and accuracy of Eve over PSR, SNR 10 dB."""

import functools

from advphy_training.reproduce.arn_curves import frontier, labels
from advphy_training.reproduce.claims import Claim, below_by, falling, only, within

TITLE = "Bob's error and Eve's accuracy over PSR, SNR 10 dB [arn, Fig. 4]"
X_LABEL = "PSR [dB]"
PSRS_DB = (-20.0, -15.0, -10.0, -5.0)
SNR_DB = 10.0
MSE_CURVES = labels("white", "white_without", "black", "black_without", "fair")
ACCURACY_CURVES = labels("white", "black", "white_adapted")
LINES = {"base": "original system", "keyed": "keyed pair (PSR +3 dB), Eve adapts"}


def measure(family, measured):
    """Measure the curves of a family of models; yield texts of progress."""
    base, eve = family.base(), family.eve()
    note = functools.partial(measured.note, family.number)
    unsecured = family.measure(base, SNR_DB, eve)
    hidden = family.measure_adapted(family.keyed(), SNR_DB)
    for psr_db in PSRS_DB:
        note("base", psr_db, unsecured)
        note("keyed", psr_db, hidden)
        for box in ("white", "black"):
            found = family.measure(family.pair(box, psr_db), SNR_DB, eve)
            note(box, psr_db, found, without=True)
        louder = measured.power_db[family.number, "white", psr_db][1]
        note("fair", psr_db, family.measure(base, SNR_DB + louder))
        yield f"PSR {psr_db:g} dB, static Eve"
        found = family.measure_adapted(family.pair("white", psr_db), SNR_DB)
        note("white_adapted", psr_db, {"eve": found["eve"]})
        measured.note_frontier(family.number, "pair", found)
        yield f"PSR {psr_db:g} dB, Eve adapts"
    yield from frontier(family, measured)


CLAIMS = (
    Claim(
        "At -20 dB Eve's accuracy falls by about ten points (8 to 12)",
        "'reduces Eve's classification accuracy by approximately 10%'",
        only("accuracy", ("white", "base"), (-20.0,), below_by(0.08, 0.12)),
    ),
    Claim(
        "Eve's accuracy falls with the PSR",
        "'a gradual decrease in Eve's classification accuracy'",
        falling("accuracy", "white", PSRS_DB),
    ),
    Claim(
        "At -5 dB Eve is on the verge of failure (at most 0.17)",
        "'Eve's classifier on the verge of failure'",
        only("accuracy", ("white",), (-5.0,), within(0.0, 0.17)),
    ),
    Claim(
        "At -5 dB Bob's error stays below 0.03",
        "'the MSE of the Alice-Bob link remains below 0.03'",
        only("mse", ("white",), (-5.0,), within(0.0, 0.03)),
    ),
    Claim(
        "At -5 dB an Eve who adapts is fooled, too (accuracy below 0.5)",
        "asked in addition: she listens, and learns from 50000 labelled intercepts",
        only("accuracy", ("white_adapted",), (-5.0,), within(0.0, 0.5)),
    ),
)
