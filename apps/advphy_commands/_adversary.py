# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments that say what an adversary sends, knows and spends."""

import logging
from pathlib import Path

from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation, checked_psr_db
from advphy_model.link import links

from advphy_commands._numbers import db_range, whole


def add_arguments(parser):
    """Declare what arrives at the receiver and what stands against it."""
    group = parser.add_argument_group("adversary")
    group.add_argument(
        "--attack",
        metavar="FILE|NAME",
        help="a perturbation file or the name of a shipped one, noise_jammer (neither "
        "needs torch), or an attack",
    )
    group.add_argument(
        "--psr-db",
        metavar="DB",
        help="perturbation-to-signal ratio at the receiver, written as --ebn0-db "
        "(default: that of the file, or -6)",
    )
    group.add_argument("--shift", default="0", help="0..n-1, or random per block")
    group.add_argument("--phase", default="0", help="radians, or random per block")
    group.add_argument("--sign", default="1", help="1, -1, or random per block")
    group.add_argument(
        "--frequency-offset", default="0", help="cycles per channel use, or random"
    )
    group.add_argument("--fading", default="none", help="none or rayleigh")
    group.add_argument(
        "--full-scale",
        type=float,
        metavar="A",
        help="largest amplitude of the adversary's transmitter; more is refused",
    )
    group.add_argument(
        "--cancel",
        nargs="?",
        const="1",
        metavar="K|signs|shifts|phases|any",
        help="estimate what arrives blindly and subtract it: one of K perturbations "
        "(without a number: 1), or one p with random signs, shifts, phases or any",
    )
    add_knowledge(parser.add_argument_group("crafting an attack by name"))


def add_knowledge(parser):
    """Declare what the adversary knows and spends."""
    parser.add_argument(
        "--black-box",
        action="store_true",
        help="craft against the shipped substitutes, not against the link",
    )
    parser.add_argument(
        "--substitute",
        action="append",
        default=[],
        metavar="LINK",
        help="craft against this link; several are an ensemble",
    )
    parser.add_argument(
        "--restarts", type=int, default=32, help="(default %(default)s)"
    )
    parser.add_argument("--steps", type=int, default=100, help="(default %(default)s)")
    parser.add_argument(
        "--unknown",
        action="append",
        default=[],
        choices=("shift", "phase"),
        help="what the adversary does not know, so takes the mean over",
    )
    parser.add_argument(
        "--craft-seed", type=int, default=1, help="(default %(default)s)"
    )


def adversaries_of(arguments):
    """Return the function (model, ebn0_db) -> Adversaries, or None without --attack."""
    if arguments.attack is None:
        _refuse_idle(arguments)
        return None
    arrival = {
        "shift": number_or_random("--shift", arguments.shift, int),
        "phase": number_or_random("--phase", arguments.phase, float),
        "sign": number_or_random("--sign", arguments.sign, int),
        "frequency_offset": number_or_random(
            "--frequency-offset", arguments.frequency_offset, float
        ),
        "fading": arguments.fading,
        "full_scale": arguments.full_scale,
    }
    warned = set()
    # The block would say for every point what is said here once.
    block = logging.getLogger("gnuradio.advphy.air.perturbation_source")
    block.addFilter(lambda record: record.getMessage() not in warned)

    def adversaries(model, ebn0_db):
        found = []
        for psr_db in psrs_of(arguments):
            p = perturbation_of(arguments, model, ebn0_db, psr_db)
            p.require_fit(model)
            warning = p.warning_for(model)
            if warning and warning not in warned:
                warned.add(warning)
                arguments.output.remark(warning)
            found.append(Adversary(p, psr_db, **arrival, seed=arguments.seed))
        return found

    return adversaries


def _refuse_idle(arguments):
    """Refuse what would say something of an adversary when there is none."""
    idle = {
        "psr_db": None,
        "shift": "0",
        "phase": "0",
        "sign": "1",
        "fading": "none",
        "frequency_offset": "0",
        "full_scale": None,
        "black_box": False,
        "substitute": [],
        "unknown": [],
    }
    for name, default in idle.items():
        if getattr(arguments, name) != default:
            raise ValueError(
                f"--{name.replace('_', '-')} says how an adversary acts, but there is "
                "none; give --attack FILE|NAME, too"
            )


def perturbation_of(arguments, model, ebn0_db, psr_db):
    """Return the Perturbation of a file, or crafted for a link at an Eb/N0."""
    shipped = arguments.attack in Perturbation.names()
    if shipped or Path(arguments.attack).is_file():
        return Perturbation.load(arguments.attack)
    psr_db = -6.0 if psr_db is None else psr_db
    if arguments.attack == "noise_jammer":
        return perturbation.jammer(model.k, model.n, psr_db)
    from advphy_training import crafted

    return crafted.craft_or_read(
        arguments.attack,
        model,
        plan_of(arguments, psr_db, ebn0_db),
        substitutes_of(arguments, model),
        Path(arguments.out).with_suffix(".perturbations"),
    )


def psrs_of(arguments):
    """Return the PSRs asked for in dB; None is that of the perturbation file."""
    if arguments.psr_db is None:
        return [None]
    return [checked_psr_db(v) for v in db_range("--psr-db", arguments.psr_db)]


def number_or_random(name, text, kind):
    """Return what the text of an argument says: "random", or a number of a kind."""
    if text == "random":
        return text
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{name} '{text}': wanted a number or 'random'") from None


def canceller_of(arguments):
    """Return the CancellerSettings asked for, or None."""
    if arguments.cancel is None:
        return None
    from advphy_model.receive.canceller import CancellerSettings

    if arguments.cancel.isalpha():
        return CancellerSettings(adversary=arguments.cancel)
    return CancellerSettings(components=whole("--cancel", arguments.cancel))


def plan_of(arguments, psr_db, ebn0_db):
    """Return the attacks.Plan of the arguments at a PSR and an Eb/N0 in dB."""
    from advphy_training.attacks import Plan

    return Plan(
        psr_db=psr_db,
        ebn0_db=ebn0_db,
        restarts=arguments.restarts,
        steps=arguments.steps,
        shift="random" if "shift" in arguments.unknown else "known",
        phase="random" if "phase" in arguments.unknown else "known",
        seed=arguments.craft_seed,
    )


def substitutes_of(arguments, link):
    """Return the link models that the adversary has in the place of the link."""
    from advphy_training import crafted

    if arguments.substitute:
        return [links.load(name) for name in arguments.substitute]
    return crafted.shipped_substitutes(link) if arguments.black_box else []
