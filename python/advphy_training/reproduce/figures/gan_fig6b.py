# SPDX-License-Identifier: GPL-3.0-or-later
"""[gan, Fig. 6(b)]: regular and adversarial training and the GAN defense, black box."""

from advphy_training.reproduce import gan_curves as gan
from advphy_training.reproduce.claims import Claim, under_all

TITLE = "Regular and adversarial training, GAN defense, black box [gan, Fig. 6(b)]"
_REGULAR, _ADVERSARIAL = "autoencoder_cnn_8p5db", "adversarial_training_cnn"
_GAN, _CONTROL, _SOURCE = "gan_cnn", "control_cnn_4db", "autoencoder_mlp_8p5db"
SYSTEMS = (
    gan.System(_REGULAR, "regular training"),
    gan.System(_ADVERSARIAL, "adversarial training"),
    gan.System(_GAN, "GAN defense"),
    gan.System(_CONTROL, "control: plain, trained at 4 dB"),
    gan.System("pool_cnn", "pool defense (not in the paper)"),
)
ATTACKS = (
    gan.Attack(
        "shifted",
        "FGM against the MLP decoder, shifted at random",
        gan.FGM,
        (_SOURCE,),
        shift="random",
    ),
    gan.Attack("aligned", "the same, aligned", gan.FGM, (_SOURCE,)),
    gan.Attack("pgd", "PGD against two substitutes, aligned", gan.PGD, gan.SUBSTITUTES),
)
_ALL = {f"p of the MLP decoder, {word}": word for word in ("shifted", "aligned")}
_ALL |= {"PGD against substitutes": "pgd"}
_AT = (7.0, 8.0, 9.0)  # dB: each has perturbations of its own


def _under_all(better, worse, margin=1.0):
    return under_all(_ALL, better, worse, at=_AT, margin=margin)


CLAIMS = (
    Claim(
        "The GAN defense beats adversarial training",
        "'can defend against various unknown perturbations'",
        _under_all(_GAN, _ADVERSARIAL),
    ),
    Claim(
        "The GAN defense beats regular training",
        "'a good defensive ability against black-box perturbations'",
        _under_all(_GAN, _REGULAR),
    ),
    Claim(
        "Adversarial training beats regular training",
        "the figure's order: GAN defense, adversarial training, nothing",
        _under_all(_ADVERSARIAL, _REGULAR),
    ),
    Claim(
        "Adversarial training is no defense (at least 90 % of the errors of none)",
        "'adversarial training leads to a defense failure'",
        _under_all(_REGULAR, _ADVERSARIAL, margin=1 / 0.9),
    ),
    Claim(
        "Adversarial training costs performance without an attack",
        "'adversarial training shows a performance degradation under no attacks'",
        (gan.no_worse_clean(_REGULAR, _ADVERSARIAL),),
    ),
    Claim(
        "The GAN defense costs no performance without an attack (10 % of errors)",
        "'our system shows good generalization performance'",
        (gan.no_worse_clean(_GAN, _REGULAR, 1.1),),
    ),
    Claim(
        "The GAN defense beats a plain autoencoder of four times its samples at 4 dB",
        "asked in addition: do training Eb/N0 and length help as much as the defense?",
        (*_under_all(_GAN, _CONTROL), gan.no_worse_clean(_GAN, _CONTROL)),
    ),
)
