# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 5(b)]: the GAN defense and the conventional scheme, black box."""

from advphy_training.reproduce import gan_curves as gan
from advphy_training.reproduce.claims import Claim, less_ebn0, under_all

TITLE = "GAN defense and conventional scheme, black box [gan, Fig. 5(b)]"
_GAN, _AE, _SOURCE = "gan_cnn", "autoencoder_cnn_8p5db", "autoencoder_mlp_8p5db"
SYSTEMS = (
    gan.System(_GAN, "GAN defense (CNN)"),
    gan.System(_AE, "autoencoder (CNN)"),
    *gan.HAMMING,
)
ATTACKS = (
    gan.Attack("paper", "FGM against the MLP decoder", gan.FGM, (_SOURCE,)),
    gan.Attack(
        "shifted", "the same, shifted at random", gan.FGM, (_SOURCE,), shift="random"
    ),
    gan.Attack(
        "pgd",
        "PGD against two substitutes; Hamming by its own",
        gan.PGD,
        gan.SUBSTITUTES,
        own=(gan.HARD, gan.ML),
    ),
)
_HALF = {"at": (7.0, 8.0, 9.0), "margin": 0.5}  # dB: each has a p of its own
_ALL = {
    "p of the MLP decoder": "paper",
    "p of the MLP decoder, shifted": "shifted",
    "PGD against substitutes, its own against Hamming": "pgd",
}
CLAIMS = (
    Claim(
        "Without an attack the GAN defense beats the conventional scheme",
        "'better than the conventional communications system under no attacks'",
        gan.beats_hamming(_GAN),
    ),
    Claim(
        "In black box it has less than half the conventional scheme's errors",
        "'significantly outperforms the conventional one'",
        (
            *under_all(_ALL, _GAN, gan.HARD, **_HALF),
            *under_all({"the same, maximum likelihood": "pgd"}, _GAN, gan.ML, **_HALF),
        ),
    ),
    Claim(
        "In black box it needs at most 1 dB more than without an attack",
        "'very close to the performance under no attacks'",
        tuple(
            less_ebn0(words, (_GAN, key), (_GAN, gan.CLEAN), bler=1e-2, margin=1.0)
            for words, key in _ALL.items()
        ),
    ),
)
