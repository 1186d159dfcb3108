# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 6(b)]: regular and adversarial training and the GAN defence, black box."""

from advphy_training.reproduce.figures import (
    FGM,
    PGD,
    Attack,
    Claim,
    Comparison,
    System,
)

TITLE = "Regular and adversarial training, GAN defence, black box [gan, Fig. 6(b)]"
_REGULAR, _GAN, _SOURCE = "autoencoder_cnn_8p5db", "gan_cnn", "autoencoder_mlp_8p5db"
_ADVERSARIAL, _CONTROL, _POOL = (
    "adversarial_training_cnn",
    "control_cnn_4db",
    "pool_cnn",
)
SYSTEMS = (
    System(_REGULAR, "regular training"),
    System(_ADVERSARIAL, "adversarial training"),
    System(_GAN, "GAN defence"),
    System(_CONTROL, "control: plain, trained at 4 dB"),
    System(_POOL, "pool defence (not in the paper)"),
)
ATTACKS = (
    Attack(
        "shifted",
        "FGM against the MLP decoder, shifted at random",
        FGM,
        (_SOURCE,),
        shift="random",
    ),
    Attack("aligned", "the same, aligned", FGM, (_SOURCE,)),
    Attack(
        "pgd",
        "PGD against two substitutes, aligned",
        PGD,
        ("substitute_mlp", "substitute_cnn"),
    ),
)
_AT = (7.0, 8.0, 9.0)  # dB: each has perturbations of its own
_CONDITIONS = (
    ("p of the MLP decoder, shifted", "shifted"),
    ("p of the MLP decoder, aligned", "aligned"),
    ("PGD against substitutes", "pgd"),
)


def _under_all(better, worse, **options):
    return tuple(
        Comparison(words, (better, key), (worse, key), _AT, **options)
        for words, key in _CONDITIONS
    )


CLAIMS = (
    Claim(
        "The GAN defence beats adversarial training",
        "'can defend against various unknown perturbations'",
        _under_all(_GAN, _ADVERSARIAL),
    ),
    Claim(
        "The GAN defence beats regular training",
        "'a good defensive ability against black-box perturbations'",
        _under_all(_GAN, _REGULAR),
    ),
    Claim(
        "Adversarial training beats regular training",
        "the figure's order: GAN defence, adversarial training, nothing",
        _under_all(_ADVERSARIAL, _REGULAR),
    ),
    Claim(
        "Adversarial training is no defence (at least 90 % of the errors of none)",
        "'adversarial training leads to a defense failure'",
        _under_all(_REGULAR, _ADVERSARIAL, margin=1 / 0.9),
    ),
    Claim(
        "Adversarial training costs performance without an attack",
        "'adversarial training shows a performance degradation under no attacks'",
        (
            Comparison(
                "no attack", (_REGULAR, "clean"), (_ADVERSARIAL, "clean"), (6.0,)
            ),
        ),
    ),
    Claim(
        "The GAN defence costs no performance without an attack (10 % of errors)",
        "'our system shows good generalization performance'",
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
            *_under_all(_GAN, _CONTROL),
            Comparison("no attack", (_GAN, "clean"), (_CONTROL, "clean"), (6.0,)),
        ),
    ),
)
