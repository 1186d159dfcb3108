# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 6(a)]: regular and adversarial training and the GAN defence, white box."""

from advphy_training.reproduce.figures import (
    FGM,
    PGD,
    STORED,
    Attack,
    Claim,
    Comparison,
    System,
)

TITLE = "Regular and adversarial training, GAN defence, white box [gan, Fig. 6(a)]"
_REGULAR, _GAN = "autoencoder_mlp_8p5db", "gan_mlp"
_ADVERSARIAL, _CONTROL, _POOL = (
    "adversarial_training_mlp",
    "control_mlp_4db",
    "pool_mlp",
)
SYSTEMS = (
    System(_REGULAR, "regular training"),
    System(_ADVERSARIAL, "adversarial training"),
    System(_GAN, "GAN defence"),
    System(_CONTROL, "control: plain, trained at 4 dB"),
    System(_POOL, "pool defence (not in the paper)"),
)
ATTACKS = (
    Attack("stored", "the p that adversarial training knows", STORED, (_ADVERSARIAL,)),
    Attack("fgm", "FGM crafted anew", FGM),
    Attack("pgd", "universal PGD crafted anew", PGD),
)
_CONDITIONS = (
    ("the stored p", "stored"),
    ("FGM crafted anew", "fgm"),
    ("PGD crafted anew", "pgd"),
)


def _under_all(better, worse, **options):
    return tuple(
        Comparison(words, (better, key), (worse, key), **options)
        for words, key in _CONDITIONS
    )


CLAIMS = (
    Claim(
        "Adversarial training at least halves the errors of regular training",
        "'achieves successful defense against white-box attacks'",
        _under_all(_ADVERSARIAL, _REGULAR, margin=0.5),
    ),
    Claim(
        "The GAN defence has at most 1.5 times the errors of adversarial training",
        "'a good performance similar to the adversarial training'",
        _under_all(_GAN, _ADVERSARIAL, margin=1.5),
    ),
    Claim(
        "The GAN defence has fewer errors than regular training",
        "'the regular training has the highest error rate'",
        _under_all(_GAN, _REGULAR),
    ),
    Claim(
        "Adversarial training costs performance without an attack",
        "'considerable performance degradation when there is no attack'",
        (
            Comparison(
                "no attack", (_REGULAR, "clean"), (_ADVERSARIAL, "clean"), (6.0,)
            ),
            Comparison(
                "a loss of 0.1 dB",
                (_REGULAR, "clean"),
                (_ADVERSARIAL, "clean"),
                bler=1e-3,
                margin=-0.1,
            ),
        ),
    ),
    Claim(
        "The GAN defence costs no performance without an attack (10 % of errors)",
        "'still remains in a good performance under no attacks'",
        (
            Comparison(
                "no attack", (_GAN, "clean"), (_REGULAR, "clean"), (6.0,), None, 1.1
            ),
        ),
    ),
    Claim(
        "The GAN defence beats a plain autoencoder trained at 4 dB",
        "asked beside it: does the defence help, or the training Eb/N0?",
        (
            *_under_all(_GAN, _CONTROL)[1:],
            Comparison("no attack", (_GAN, "clean"), (_CONTROL, "clean"), (6.0,)),
        ),
    ),
)
