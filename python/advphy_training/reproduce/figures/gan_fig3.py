# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 3]: the autoencoder and the conventional scheme under attack."""

from advphy_training.reproduce import gan_curves as gan
from advphy_training.reproduce.claims import Claim, fewer_errors, under_all

TITLE = "Autoencoder and conventional scheme under attack [gan, Fig. 3]"
_AE = "autoencoder_mlp_8p5db"
SYSTEMS = (gan.System(_AE, "autoencoder (MLP)"), *gan.HAMMING)
ATTACKS = (
    gan.Attack("paper", "FGM against the autoencoder, as published", gan.FGM, (_AE,)),
    gan.Attack("fgm", "FGM against each system", gan.FGM),
    gan.Attack("pgd", "universal PGD against each system", gan.PGD),
    gan.Attack("jammer", "noise jammer of equal power", gan.JAMMER),
)
_FOR_EACH = {
    "p made for the autoencoder": "paper",
    "FGM made for each": "fgm",
    "PGD made for each": "pgd",
}
CLAIMS = (
    Claim(
        "Without an attack the autoencoder beats the conventional scheme",
        "'the autoencoder outperforms the conventional scheme if there is no attack'",
        gan.beats_hamming(_AE),
    ),
    Claim(
        "Under attack the autoencoder is worse than the conventional scheme",
        "'the performance of the autoencoder is worse than the conventional scheme'",
        (
            *under_all(_FOR_EACH, gan.HARD, _AE),
            *under_all({"PGD made for each, maximum likelihood": "pgd"}, gan.ML, _AE),
        ),
    ),
    Claim(
        "The perturbation does more harm than noise of the same power",
        "asked in addition: the reference for any attack",
        (
            fewer_errors("FGM", (_AE, "jammer"), (_AE, "fgm")),
            fewer_errors("PGD", (_AE, "jammer"), (_AE, "pgd")),
        ),
    ),
)
