# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments that say how an adversary's second transmitter arrives."""

import dataclasses

from advphy_model.modem.burst_adversary import WHERE, AirAdversary

from advphy_commands import _adversary
from advphy_commands._numbers import whole

_IDLE = {
    "psr_db": None,
    "where": "payload",
    "delay": "0",
    "phase": "0",
    "frequency_offset": "0",
    "fading": "none",
    "black_box": False,
    "substitute": [],
    "unknown": [],
}


def add_arguments(parser):
    """Declare what arrives over the air and what stands against it."""
    group = parser.add_argument_group("adversary, a second transmitter")
    group.add_argument(
        "--attack",
        metavar="FILE|NAME",
        help="a perturbation file, noise_jammer (needs no torch), or an attack",
    )
    group.add_argument(
        "--psr-db",
        metavar="DB",
        help="perturbation-to-signal ratio over the payload behind the matched filter, "
        "written as --ebn0-db (default: that of the file, or -6)",
    )
    group.add_argument(
        "--where",
        default="payload",
        choices=WHERE,
        help="in the place of every codeword; over the whole frame; or without knowing "
        "of frames (default %(default)s)",
    )
    group.add_argument(
        "--delay",
        default="0",
        help="channel uses, fractions too, or random per frame within a codeword",
    )
    group.add_argument(
        "--frequency-offset",
        default="0",
        help="cycles per channel use, or random per frame within half one a codeword",
    )
    group.add_argument("--phase", default="0", help="radians, or random per frame")
    group.add_argument(
        "--fading", default="none", help="none, or rayleigh: a gain per frame"
    )
    group.add_argument(
        "--cancel",
        nargs="?",
        const="1",
        metavar="K|signs|shifts|phases|any",
        help="estimate what arrives blindly and subtract it, as advphy measure",
    )
    group.add_argument(
        "--window",
        metavar="BLOCKS",
        help="that are estimated from and corrected together, a power of two; that of "
        "a frame where each frame is hit differently (4096)",
    )
    _adversary.add_knowledge(parser.add_argument_group("crafting an attack by name"))


def adversaries_of(arguments, model, frame, ebn0_db):
    """Return the AirAdversaries for a link at an Eb/N0, or [None] without --attack."""
    if arguments.attack is None:
        _refuse_idle(arguments)
        return [None]
    sps = frame.samples_per_symbol
    number = _adversary.number_or_random
    delay = number("--delay", arguments.delay, float)
    turns = number("--frequency-offset", arguments.frequency_offset, float)
    found = []
    for psr_db in _adversary.psrs_of(arguments):
        p = _adversary.perturbation_of(arguments, model, ebn0_db, psr_db)
        warning = p.warning_for(model)
        if warning:
            arguments.output.remark(warning)
        found.append(
            AirAdversary(
                p,
                frame,
                psr_db,
                where=arguments.where,
                delay=delay if delay == "random" else delay * sps,
                cfo=turns if turns == "random" else turns / sps,
                phase=number("--phase", arguments.phase, float),
                fading=arguments.fading,
                seed=arguments.seed,
            )
        )
    return found


def canceller_of(arguments):
    """Return the CancellerSettings asked for, or None."""
    found = _adversary.canceller_of(arguments)
    if arguments.window is None:
        return found
    if found is None:
        raise ValueError(
            "--window is the canceller's, but there is none; give --cancel"
        )
    window = whole("--window", arguments.window)
    return dataclasses.replace(found, window=window, sample=min(found.sample, window))


def _refuse_idle(arguments):
    for name, default in _IDLE.items():
        if getattr(arguments, name) != default:
            raise ValueError(
                f"--{name.replace('_', '-')} says how an adversary acts, but there is "
                "none; give --attack FILE|NAME, too"
            )
