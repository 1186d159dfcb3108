# SPDX-License-Identifier: GPL-3.0-or-later
"""Send bursts of a link.

Without --arm, no device is opened; the command only prints what it would send, on which
frequency and for how long. A radio transmits only on frequencies that the allow-list
permits. --attack adds a crafted perturbation; with a radio it needs --permitted.
"""

from dataclasses import dataclass

from advphy_model.modem import transmit_limits

from advphy_commands import _radio_settings as radio
from advphy_commands._options import group, option, switch

LONGEST = 10.0  # seconds, if neither --frames nor --seconds is given


@dataclass(frozen=True)
class Settings:
    link: radio.Link = group(radio.Link)
    driver: str = radio.driver("--sink")
    device: radio.Device = group(radio.Device)
    amplitude: float = option("largest magnitude of a sample", 0.8)
    first_frame: int = option("number of the first burst", "0")
    arm: bool = switch("transmit")
    attack: str = option("perturbation, or noise_jammer", metavar="FILE")
    psr_db: float = option("PSR of --attack in dB")
    permitted: str = option(
        "why the adversary may transmit: over a cable, or with a license",
        choices=transmit_limits.PERMISSIONS,
    )

    def __post_init__(self):
        given = {"--psr-db": self.psr_db, "--permitted": self.permitted}
        for name, value in given.items():
            if self.attack is None and value is not None:
                needed = "an adversary; give --attack FILE, too"
                raise ValueError(f"{name} belongs to {needed}")


def run(settings, output):
    model, sent = settings.link.load(settings.device, settings.driver)
    device = settings.device.of_driver(settings.driver)
    device["bandwidth"] = sent["frame"].occupied_width * device["sample_rate"]
    attack = _attack(settings, model, sent["seed"])
    from gnuradio import advphy
    from gnuradio.advphy.over_the_air import transmitter

    frames, seconds = _whole_frames(settings, sent["frame"], device["sample_rate"])
    limits = {"time_limit": seconds, "amplitude_limit": settings.amplitude}
    limits |= {"adversary": "no" if attack is None else "yes"}
    limits |= {"permitted": settings.permitted}
    sink = advphy.sdr_sink(**device, armed=settings.arm, **limits)
    sent |= {"first_frame": settings.first_frame, "amplitude": settings.amplitude}
    flowgraph = transmitter(model, sink, frames=frames, attack=attack, **sent)
    if not settings.arm:
        sink.gate.at_end = None  # _print_sent prints the plan
        output.remark(
            f"not armed: {frames} bursts are made and checked, and none is sent; give "
            "--arm to send them"
        )
    # zmq may wait for a receiver that has exited; a radio is silent already.
    length = sent["frame"].samples()
    shown = ("bursts", frames, lambda: sink.events()["samples"] / length)
    interrupted = radio.run(flowgraph, sink.silence, patience=3.0, shown=shown)
    _print_sent(settings, output, model, device, sink, length)
    return 130 if interrupted else 0


def _print_sent(settings, output, model, device, sink, length):
    """Print what was sent or would be sent."""
    events, first = sink.events(), settings.first_frame
    names = ("clipped", "non_finite", "pauses", "underruns", "late")
    known = {name: events[name] for name in names if events.get(name) is not None}
    count = events["samples"] / length
    what = f"{count:.5g} bursts of link {model.name} from burst {first} on"
    output.note(armed=settings.arm, link=model.name, device=device)
    output.note(frames=count, first_frame=first, **known)
    if settings.arm:
        text = ", ".join(f"{name} {value}" for name, value in known.items())
        output.line(f"sent {what}; {text}")
    else:
        allowed = _allowed(device["driver"], sink)
        output.note(plan=sink.plan(), allowed=allowed)
        for line in (f"{sink.plan()}: {what}", allowed, "give --arm to send it"):
            output.line(line)


def _whole_frames(settings, frame, rate):
    """Return the number of bursts within the limits, and a time limit above theirs."""
    frames, seconds = settings.link.frames, settings.link.seconds
    length = frame.samples() / rate
    if seconds is None and frames is None:
        seconds = LONGEST
    if seconds is not None:
        if not (fit := int(seconds / length)):
            least = f"{length:.3g}, the length of one burst"
            raise ValueError(f"--seconds must be at least {least}, got {seconds:g}")
        frames = fit if frames is None else min(frames, fit)
    return frames, (frames + 1) * length


def _attack(settings, model, seed):
    """Return the Adversary of --attack, or None."""
    if settings.attack is None:
        return None
    from advphy_model.air import perturbation
    from advphy_model.air.adversary import Adversary

    if not hasattr(model, "k"):
        raise ValueError(
            f"--attack needs a link model, but '{model.name}' is a semantic link"
        )
    level = settings.psr_db
    level = perturbation.DEFAULT_PSR_DB if level is None else level
    found = perturbation.given(settings.attack, model, level)
    found.require_fit(model)
    return Adversary(found, settings.psr_db, seed=seed)


def _allowed(driver, sink):
    """Return the text that tells whether the allow-list permits the transmission."""
    try:
        band = sink.require_allowed(sink.settings())
    except ValueError as error:
        return str(error).partition(", for example")[0]
    if band is None:
        return f"{driver} does not radiate: no allow-list is asked"
    return f"allowed by [{band.name}] of {transmit_limits.allow_list_path()}"
