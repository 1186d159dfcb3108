# SPDX-License-Identifier: GPL-3.0-or-later
"""Send frames of a link.

Without --arm nothing is opened: a line says what would be sent, where and for how long.
A radio transmits only where the allow-list permits it. --attack adds a perturbation
that was crafted before; on a radio it needs --permitted.
"""

from dataclasses import dataclass

from advphy_model.modem import transmit_limits

from advphy_commands import _radio_settings as radio
from advphy_commands._numbers import whole
from advphy_commands._options import group, option, switch

LONGEST = 10.0  # seconds, where neither --frames nor --seconds says


@dataclass(frozen=True)
class Settings:
    """What is sent, by which device."""

    link: radio.Link = group(radio.Link)
    driver: str = radio.driver("--sink")
    device: radio.Device = group(radio.Device)
    amplitude: float = option(0.8, "largest magnitude of a sample", type=float)
    first_frame: int = option("0", parse=whole)
    arm: bool = switch("transmit")
    attack: str = option(None, "a perturbation file, or noise_jammer", metavar="FILE")
    psr_db: float = option(None, "of --attack", type=float, metavar="DB")
    permitted: str = option(
        None,
        "that the adversary's signal stays in a cable, or is licensed",
        choices=transmit_limits.PERMISSIONS,
    )

    def __post_init__(self):
        """Refuse what would say something of an adversary when there is none."""
        for name in ("psr_db", "permitted"):
            if self.attack is None and getattr(self, name) is not None:
                raise ValueError(
                    f"--{name.replace('_', '-')} is of an adversary, but there is "
                    "none; give --attack FILE, too"
                )


@radio.ended_by_signals()
def run(settings, output):
    """Send, or say what would be sent."""
    model, sent = settings.link.load()
    device = settings.device.of_driver(settings.driver)
    attack = _attack(settings, model, sent["seed"])
    from gnuradio import advphy
    from gnuradio.advphy.over_the_air import transmitter

    frames, seconds = _whole_frames(settings, sent["frame"])
    amplitude = settings.amplitude
    allowed = {"permitted": settings.permitted, "amplitude_limit": amplitude}
    allowed |= {"adversary": "no" if attack is None else "yes"}
    sink = advphy.sdr_sink(**device, armed=settings.arm, time_limit=seconds, **allowed)
    sent |= {"attack": attack, "first_frame": settings.first_frame}
    flowgraph = transmitter(model, sink, frames=frames, amplitude=amplitude, **sent)
    if not settings.arm:
        sink.gate.at_end = None  # it is said below
    # zmq may wait for a receiver that has gone; a radio is silent already.
    length = sent["frame"].samples()
    shown = ("frames", frames, lambda: sink.events()["samples"] / length)
    interrupted = radio.run(flowgraph, sink.silence, patience=3.0, shown=shown)
    _say(settings, output, model, device, sink, length)
    return 130 if interrupted else 0


def _say(settings, output, model, device, sink, length):
    """Say what was sent, or would be."""
    events, first = sink.events(), settings.first_frame
    told = ("clipped", "non_finite", "pauses", "underruns", "late")
    told = {name: events[name] for name in told if events.get(name) is not None}
    count = events["samples"] / length
    what = f"{count:.5g} frames of link {model.name} from frame {first} on"
    output.note(armed=settings.arm, link=model.name, device=device)
    output.note(frames=count, first_frame=first, **told)
    if settings.arm:
        text = ", ".join(f"{name} {value}" for name, value in told.items())
        output.line(f"sent {what}; {text}")
    else:
        allowed = _allowed(device)
        output.note(plan=sink.plan(), allowed=allowed)
        for line in (f"{sink.plan()}: {what}", allowed, "give --arm to send it"):
            output.line(line)


def _whole_frames(settings, frame):
    """Return how many frames fit the limits, and a time in which none is cut off."""
    frames, seconds = settings.link.frames, settings.link.seconds
    length = frame.samples() / settings.device.rate
    if seconds is None and frames is None:
        seconds = LONGEST
    if seconds is not None:
        fit = int(seconds / length)
        if not fit:
            wanted = f"expected at least {length:.3g}, one frame"
            raise ValueError(f"--seconds {seconds:g}: {wanted}")
        frames = fit if frames is None else min(frames, fit)
    return frames, (frames + 1) * length


def _attack(settings, model, seed):
    """Return the Adversary that is asked for, or None."""
    if settings.attack is None:
        return None
    from advphy_model.air.adversary import Adversary
    from advphy_model.air.perturbation import Perturbation, jammer

    if not hasattr(model, "k"):
        what = f"'{model.name}' is a semantic link, expected a link model"
        raise ValueError(f"--attack: {what}")
    if settings.attack == "noise_jammer":
        psr_db = -6.0 if settings.psr_db is None else settings.psr_db
        found = jammer(model.k, model.n, psr_db)
    else:
        found = Perturbation.load(settings.attack)
    found.require_fit(model)
    return Adversary(found, settings.psr_db, seed=seed)


def _allowed(device):
    """Say whether the allow-list permits what a dry run would send."""
    if device["driver"] in radio.NEAR:
        return f"{device['driver']} does not radiate: no allow-list is asked"
    try:
        band = transmit_limits.require_allowed(
            device["frequency"], device["sample_rate"], device["gain"]
        )
    except ValueError as error:
        return str(error).partition(", for example")[0]
    return f"allowed by [{band.name}] of {transmit_limits.allow_list_path()}"
