# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 5(b)]: the GAN defense and the conventional scheme, black box."""

from advphy_training.reproduce.claims import Claim, fewer_errors, less_ebn0, under_all
from advphy_training.reproduce.gan_curves import (
    CLEAN,
    FGM,
    HAMMING,
    HARD,
    ML,
    PGD,
    Attack,
    System,
    beats_hamming,
)

TITLE = "GAN defense and conventional scheme, black box [gan, Fig. 5(b)]"
_GAN, _AE, _SOURCE = "gan_cnn", "autoencoder_cnn_8p5db", "autoencoder_mlp_8p5db"
SYSTEMS = (
    System(_GAN, "GAN defense (CNN)"),
    System(_AE, "autoencoder (CNN)"),
    *HAMMING,
)
ATTACKS = (
    Attack("paper", "FGM against the MLP decoder", FGM, (_SOURCE,)),
    Attack("shifted", "the same, shifted at random", FGM, (_SOURCE,), shift="random"),
    Attack(
        "pgd",
        "PGD against two substitutes; Hamming by its own",
        PGD,
        ("substitute_mlp", "substitute_cnn"),
        own=(HARD, ML),
    ),
)
_AT = (7.0, 8.0, 9.0)  # dB: each has perturbations of its own
_ALL = {
    "p of the MLP decoder": "paper",
    "p of the MLP decoder, shifted": "shifted",
    "PGD against substitutes, its own against Hamming": "pgd",
}
CLAIMS = (
    Claim(
        "Without an attack the GAN defense beats the conventional scheme",
        "'better than the conventional communications system under no attacks'",
        beats_hamming(_GAN),
    ),
    Claim(
        "In black box it has less than half the conventional scheme's errors",
        "'significantly outperforms the conventional one'",
        (
            *under_all(_ALL, _GAN, HARD, at=_AT, margin=0.5),
            fewer_errors(
                "the same, maximum likelihood", (_GAN, "pgd"), (ML, "pgd"), _AT, 0.5
            ),
        ),
    ),
    Claim(
        "In black box it needs at most 1 dB more than without an attack",
        "'very close to the performance under no attacks'",
        tuple(
            less_ebn0(words, (_GAN, key), (_GAN, CLEAN), bler=1e-2, margin=1.0)
            for words, key in _ALL.items()
        ),
    ),
)
