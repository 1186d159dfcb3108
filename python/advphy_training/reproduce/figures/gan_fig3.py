# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 3]: the autoencoder and the conventional scheme under attack."""

from advphy_training.reproduce.figures import (
    FGM,
    JAMMER,
    PGD,
    Attack,
    Claim,
    Comparison,
    System,
)

TITLE = "Autoencoder and conventional scheme under attack [gan, Fig. 3]"
_AE, _HARD, _ML = "autoencoder_mlp_8p5db", "hamming74_hard", "hamming74_ml"
SYSTEMS = (
    System(_AE, "autoencoder (MLP)"),
    System(_HARD, "Hamming (7,4), hard decision"),
    System(_ML, "Hamming (7,4), maximum likelihood"),
)
ATTACKS = (
    Attack("paper", "FGM against the autoencoder, as published", FGM, (_AE,)),
    Attack("fgm", "FGM against each system", FGM),
    Attack("pgd", "universal PGD against each system", PGD),
    Attack("jammer", "Gaussian jammer of equal power", JAMMER),
)
CLAIMS = (
    Claim(
        "Without an attack the autoencoder beats the conventional scheme",
        "'the autoencoder outperforms the conventional scheme if there is no attack'",
        (
            Comparison("hard decision", (_AE, "clean"), (_HARD, "clean"), (6.0,)),
            Comparison("maximum likelihood", (_AE, "clean"), (_ML, "clean"), (6.0,)),
        ),
    ),
    Claim(
        "Under attack the autoencoder is worse than the conventional scheme",
        "'the performance of the autoencoder is worse than the conventional scheme'",
        (
            Comparison("p made for the autoencoder", (_HARD, "paper"), (_AE, "paper")),
            Comparison("FGM made for each", (_HARD, "fgm"), (_AE, "fgm")),
            Comparison("PGD made for each", (_HARD, "pgd"), (_AE, "pgd")),
            Comparison(
                "PGD made for each, maximum likelihood", (_ML, "pgd"), (_AE, "pgd")
            ),
        ),
    ),
    Claim(
        "The perturbation does more harm than noise of the same power",
        "asked beside it: the zero line of any attack",
        (
            Comparison("FGM", (_AE, "jammer"), (_AE, "fgm")),
            Comparison("PGD", (_AE, "jammer"), (_AE, "pgd")),
        ),
    ),
)
