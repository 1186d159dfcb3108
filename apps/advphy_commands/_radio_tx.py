# SPDX-License-Identifier: GPL-3.0-or-later
"""Send frames of a link.

Without --arm nothing is opened: a line says what would be sent, where and for how long.
A radio transmits only where the allow-list permits it. --attack adds a perturbation
that was crafted before; on a radio it needs --permitted.
"""

from advphy_model.modem import transmit_limits

from advphy_commands import _radio_settings as settings
from advphy_commands._numbers import whole

LONGEST = 10.0  # seconds, where neither --frames nor --seconds says


def add_arguments(parser):
    """Declare the arguments."""
    settings.add_link(parser)
    settings.add_radio(parser, "--sink")
    parser.add_argument(
        "--amplitude",
        type=float,
        default=0.8,
        help="largest magnitude of a sample (default %(default)s)",
    )
    parser.add_argument("--first-frame", default="0", help="(default %(default)s)")
    parser.add_argument("--arm", action="store_true", help="transmit")
    parser.add_argument(
        "--attack", metavar="FILE", help="a perturbation file, or noise_jammer"
    )
    parser.add_argument("--psr-db", type=float, metavar="DB", help="of --attack")
    parser.add_argument(
        "--permitted",
        choices=transmit_limits.PERMISSIONS,
        help="that the adversary's signal stays in a cable, or is licensed",
    )


def run(arguments):
    """Send, or say what would be sent."""
    model, sent = settings.link_of(arguments)
    frames, seconds = settings.limit_of(arguments)
    device = settings.device_of(arguments)
    attack = _attack(arguments, model, sent["seed"])
    first_frame = whole("--first-frame", arguments.first_frame)
    from gnuradio import advphy
    from gnuradio.advphy.over_the_air import transmitter

    frames, seconds = _whole_frames(frames, seconds, sent["frame"], arguments.rate)
    sink = advphy.sdr_sink(
        **device,
        armed=arguments.arm,
        adversary="no" if attack is None else "yes",
        permitted=arguments.permitted,
        time_limit=seconds,
        amplitude_limit=arguments.amplitude,
    )
    flowgraph = transmitter(
        model,
        sink,
        frames=frames,
        first_frame=first_frame,
        attack=attack,
        amplitude=arguments.amplitude,
        **sent,
    )
    if not arguments.arm:
        sink.gate.at_end = None  # it is said below
    # zmq may wait for a receiver that has gone; a radio is silent already.
    length = sent["frame"].samples()
    interrupted = settings.run(
        flowgraph,
        sink.silence,
        patience=3.0,
        shown=("frames", frames, lambda: sink.events()["samples"] / length),
    )
    events = sink.events()
    count = events["samples"] / length
    what = f"{count:.5g} frames of link {model.name} from frame {first_frame} on"
    output = arguments.output
    output.note(
        armed=arguments.arm,
        link=model.name,
        frames=count,
        first_frame=first_frame,
        device=device,
        **_told(events),
    )
    if arguments.arm:
        told = ", ".join(f"{name} {value}" for name, value in _told(events).items())
        output.line(f"sent {what}; {told}")
    else:
        allowed = _allowed(device)
        output.note(plan=sink.plan(), allowed=allowed)
        for line in (f"{sink.plan()}: {what}", allowed, "give --arm to send it"):
            output.line(line)
    return 130 if interrupted else 0


def _whole_frames(frames, seconds, frame, rate):
    """Return how many frames fit the limits, and a time in which none is cut off."""
    length = frame.samples() / rate
    if seconds is None and frames is None:
        seconds = LONGEST
    if seconds is not None:
        fit = int(seconds / length)
        if not fit:
            raise ValueError(
                f"--seconds {seconds:g}: wanted at least {length:.3g}, one frame"
            )
        frames = fit if frames is None else min(frames, fit)
    return frames, (frames + 1) * length


def _attack(arguments, model, seed):
    """Return the Adversary that the arguments name, or None."""
    if arguments.attack is None:
        for name in ("psr_db", "permitted"):
            if getattr(arguments, name) is not None:
                raise ValueError(
                    f"--{name.replace('_', '-')} is of an adversary, but there is "
                    "none; give --attack FILE, too"
                )
        return None
    from advphy_model.air.adversary import Adversary
    from advphy_model.air.perturbation import Perturbation, jammer

    if not hasattr(model, "k"):
        raise ValueError(
            f"--attack: '{model.name}' is a semantic link, wanted a link model"
        )
    if arguments.attack == "noise_jammer":
        psr_db = -6.0 if arguments.psr_db is None else arguments.psr_db
        found = jammer(model.k, model.n, psr_db)
    else:
        found = Perturbation.load(arguments.attack)
    found.require_fit(model)
    return Adversary(found, arguments.psr_db, seed=seed)


def _told(events):
    """Return the events that the device tells."""
    names = ("clipped", "non_finite", "pauses", "underruns", "late")
    return {name: events[name] for name in names if events.get(name) is not None}


def _allowed(device):
    """Say whether the allow-list permits what a dry run would send."""
    if device["driver"] in settings.NEAR:
        return f"{device['driver']} does not radiate: no allow-list is asked"
    try:
        band = transmit_limits.require_allowed(
            device["frequency"], device["sample_rate"], device["gain"]
        )
    except ValueError as error:
        return str(error).partition(", for example")[0]
    return f"allowed by [{band.name}] of {transmit_limits.allow_list_path()}"
