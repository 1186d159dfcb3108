# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 6(a)]: regular and adversarial training and the GAN defense, white box."""

from advphy_training.reproduce import gan_curves as gan
from advphy_training.reproduce.claims import Claim, less_ebn0, under_all

TITLE = "Regular and adversarial training, GAN defense, white box [gan, Fig. 6(a)]"
_REGULAR, _ADVERSARIAL = "autoencoder_mlp_8p5db", "adversarial_training_mlp"
_GAN, _CONTROL = "gan_mlp", "control_mlp_4db"
SYSTEMS = (
    gan.System(_REGULAR, "regular training"),
    gan.System(_ADVERSARIAL, "adversarial training"),
    gan.System(_GAN, "GAN defense"),
    gan.System(_CONTROL, "control: plain, trained at 4 dB"),
    gan.System("pool_mlp", "pool defense (not in the paper)"),
)
ATTACKS = (
    gan.Attack(
        "stored", "the p that adversarial training knows", gan.STORED, (_ADVERSARIAL,)
    ),
    gan.Attack("fgm", "FGM crafted anew", gan.FGM),
    gan.Attack("pgd", "universal PGD crafted anew", gan.PGD),
)
_BOTH_CLEAN = (_REGULAR, gan.CLEAN), (_ADVERSARIAL, gan.CLEAN)
_ANEW = {"FGM crafted anew": "fgm", "PGD crafted anew": "pgd"}
_ALL = {"the stored p": "stored", **_ANEW}
CLAIMS = (
    Claim(
        "Adversarial training at least halves the errors of regular training",
        "'achieves successful defense against white-box attacks'",
        under_all(_ALL, _ADVERSARIAL, _REGULAR, margin=0.5),
    ),
    Claim(
        "The GAN defense has at most 1.5 times the errors of adversarial training",
        "'a good performance similar to the adversarial training'",
        under_all(_ALL, _GAN, _ADVERSARIAL, margin=1.5),
    ),
    Claim(
        "The GAN defense has fewer errors than regular training",
        "'the regular training has the highest error rate'",
        under_all(_ALL, _GAN, _REGULAR),
    ),
    Claim(
        "Adversarial training costs performance without an attack",
        "'considerable performance degradation when there is no attack'",
        (
            gan.no_worse_clean(_REGULAR, _ADVERSARIAL),
            less_ebn0("a loss of 0.1 dB", *_BOTH_CLEAN, bler=1e-3, margin=-0.1),
        ),
    ),
    Claim(
        "The GAN defense costs no performance without an attack (10 % of errors)",
        "'still remains in a good performance under no attacks'",
        (gan.no_worse_clean(_GAN, _REGULAR, 1.1),),
    ),
    Claim(
        "The GAN defense beats a plain autoencoder of eight times its samples at 4 dB",
        "asked in addition: do training Eb/N0 and length help as much as the defense?",
        (*under_all(_ANEW, _GAN, _CONTROL), gan.no_worse_clean(_GAN, _CONTROL)),
    ),
)
