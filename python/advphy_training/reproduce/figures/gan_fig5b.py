# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 5(b)]: the GAN defence and the conventional scheme, black box."""

from advphy_training.reproduce.figures import (
    FGM,
    PGD,
    Attack,
    Claim,
    Comparison,
    System,
)

TITLE = "GAN defence and conventional scheme, black box [gan, Fig. 5(b)]"
_GAN, _AE, _SOURCE = "gan_cnn", "autoencoder_cnn_8p5db", "autoencoder_mlp_8p5db"
_HARD, _ML = "hamming74_hard", "hamming74_ml"
SYSTEMS = (
    System(_GAN, "GAN defence (CNN)"),
    System(_AE, "autoencoder (CNN)"),
    System(_HARD, "Hamming (7,4), hard decision"),
    System(_ML, "Hamming (7,4), maximum likelihood"),
)
ATTACKS = (
    Attack("paper", "FGM against the MLP decoder", FGM, (_SOURCE,)),
    Attack("shifted", "the same, shifted at random", FGM, (_SOURCE,), shift="random"),
    Attack(
        "pgd",
        "PGD against two substitutes; Hamming by its own",
        PGD,
        ("substitute_mlp", "substitute_cnn"),
        own=(_HARD, _ML),
    ),
)
_AT = (7.0, 8.0, 9.0)  # dB: each has perturbations of its own
_CONDITIONS = (
    ("p of the MLP decoder", "paper"),
    ("p of the MLP decoder, shifted", "shifted"),
    ("PGD against substitutes, its own against Hamming", "pgd"),
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
        "In black box it has less than half the conventional scheme's errors",
        "'significantly outperforms the conventional one'",
        (
            *(
                Comparison(words, (_GAN, key), (_HARD, key), _AT, margin=0.5)
                for words, key in _CONDITIONS
            ),
            Comparison(
                "the same, maximum likelihood",
                (_GAN, "pgd"),
                (_ML, "pgd"),
                _AT,
                margin=0.5,
            ),
        ),
    ),
    Claim(
        "In black box it needs at most 1 dB more than without an attack",
        "'very close to the performance under no attacks'",
        tuple(
            Comparison(words, (_GAN, key), (_GAN, "clean"), bler=1e-2, margin=1.0)
            for words, key in _CONDITIONS
        ),
    ),
)
