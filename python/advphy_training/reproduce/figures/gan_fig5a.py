# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 5(a)]: the GAN defence and the conventional scheme, white box."""

from advphy_training.reproduce.figures import (
    FGM,
    PGD,
    Attack,
    Claim,
    Comparison,
    System,
)

TITLE = "GAN defence and conventional scheme, white box [gan, Fig. 5(a)]"
_GAN, _AE = "gan_mlp", "autoencoder_mlp_8p5db"
_HARD, _ML = "hamming74_hard", "hamming74_ml"
SYSTEMS = (
    System(_GAN, "GAN defence (MLP)"),
    System(_AE, "autoencoder (MLP)"),
    System(_HARD, "Hamming (7,4), hard decision"),
    System(_ML, "Hamming (7,4), maximum likelihood"),
)
ATTACKS = (
    Attack("paper", "FGM against the GAN defence's decoder", FGM, (_GAN,)),
    Attack("fgm", "FGM against each system", FGM),
    Attack("pgd", "universal PGD against each system", PGD),
)
CLAIMS = (
    Claim(
        "Without an attack the GAN defence beats the conventional scheme",
        "'better than the conventional communications system under no attacks'",
        (
            Comparison("hard decision", (_GAN, "clean"), (_HARD, "clean"), (6.0,)),
            Comparison("maximum likelihood", (_GAN, "clean"), (_ML, "clean"), (6.0,)),
        ),
    ),
    Claim(
        "In white box it beats the conventional scheme",
        "'can mitigate the effect of attacks and has a better performance'",
        (
            Comparison("p made for the GAN defence", (_GAN, "paper"), (_HARD, "paper")),
            Comparison("FGM made for each", (_GAN, "fgm"), (_HARD, "fgm")),
            Comparison("PGD made for each", (_GAN, "pgd"), (_HARD, "pgd")),
            Comparison(
                "PGD made for each, maximum likelihood", (_GAN, "pgd"), (_ML, "pgd")
            ),
        ),
    ),
    Claim(
        "It resists better than the undefended autoencoder",
        "'a strong capability to defend against adversarial attacks'",
        (
            Comparison("FGM", (_GAN, "fgm"), (_AE, "fgm")),
            Comparison("PGD", (_GAN, "pgd"), (_AE, "pgd")),
        ),
    ),
)
