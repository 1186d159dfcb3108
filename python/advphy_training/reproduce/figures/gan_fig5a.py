# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 5(a)]: the GAN defense and the conventional scheme, white box."""

from advphy_training.reproduce import gan_curves as gan
from advphy_training.reproduce.claims import Claim, under_all

TITLE = "GAN defense and conventional scheme, white box [gan, Fig. 5(a)]"
_GAN, _AE = "gan_mlp", "autoencoder_mlp_8p5db"
SYSTEMS = (
    gan.System(_GAN, "GAN defense (MLP)"),
    gan.System(_AE, "autoencoder (MLP)"),
    *gan.HAMMING,
)
ATTACKS = (
    gan.Attack("paper", "FGM against the GAN defense's decoder", gan.FGM, (_GAN,)),
    gan.Attack("fgm", "FGM against each system", gan.FGM),
    gan.Attack("pgd", "universal PGD against each system", gan.PGD),
)
_FOR_EACH = {
    "p made for the GAN defense": "paper",
    "FGM made for each": "fgm",
    "PGD made for each": "pgd",
}
CLAIMS = (
    Claim(
        "Without an attack the GAN defense beats the conventional scheme",
        "'better than the conventional communications system under no attacks'",
        gan.beats_hamming(_GAN),
    ),
    Claim(
        "In white box it beats the conventional scheme",
        "'can mitigate the effect of attacks and has a better performance'",
        (
            *under_all(_FOR_EACH, _GAN, gan.HARD),
            *under_all({"PGD made for each, maximum likelihood": "pgd"}, _GAN, gan.ML),
        ),
    ),
    Claim(
        "It resists better than the undefended autoencoder",
        "'a strong capability to defend against adversarial attacks'",
        under_all({"FGM": "fgm", "PGD": "pgd"}, _GAN, _AE),
    ),
)
