# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure speed: ratios between ours and the usual ways in one run, on 2 threads.

Ratios, medians over rounds in which all run in turn:
  loop_over_torch             loop engine over a plain torch loop in batches of 10 000
  flowgraph_over_torch        our flowgraph over the same torch loop
  flowgraph_over_torch_block  our flowgraph over one whose Python block calls torch
  cnn_over_onnxruntime        CNN decoder over onnxruntime, one batch of 10 000, 1
  thread
  attacked_over_flowgraph     flowgraph with a perturbation source over one without
  cancelled_over_flowgraph    flowgraph with a canceller over one without
  semantic_over_torch         semantic flowgraph, Bob and Eve, over a torch loop
  keyed_over_semantic         the same keyed by sign-permutation over not keyed
  displayed_over_undisplayed  flowgraph with four displays shown over one with none
the samples a second that the modem's kernels take on one core at 4 samples a symbol,
and the share of its arithmetic or memory limit that each kernel reaches.
"""

from functools import partial

from advphy_model import kernels
from advphy_model.link import links
from advphy_model.measure import speed
from advphy_model.modem import speed as modem_speed

BATCH = 10_000
_TIMED = 18  # contestants of all races
FRAMES = 1_000_000  # images that a semantic chain is timed over: the start costs 0.1 s


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("--rounds", type=int, default=5, help="(default %(default)s)")


def run(arguments):
    """Measure and say ratios, rates and shares."""
    if arguments.rounds < 1:
        raise ValueError(f"--rounds {arguments.rounds}: wanted at least 1")
    from advphy_training import progress

    output, mlp = arguments.output, links.load("autoencoder_mlp")
    output.line(f"instruction set: {kernels.instruction_set()}")
    output.note(instruction_set=kernels.instruction_set(), rounds=arguments.rounds)
    with progress.bar(total=_TIMED * arguments.rounds, unit="timing") as bar:
        race = _Race(output, arguments.rounds, bar)
        ratios = _message_ratios(race, mlp) | _cnn_ratio(race) | _semantic_ratios(race)
        ratios |= _display_ratio(race, mlp)
    output.note(
        **ratios, messages_per_second=race.messages, images_per_second=race.images
    )
    for name, ratio in ratios.items():
        text = "not measured" if ratio is None else f"{ratio:.2f}"
        output.line(f"{name:<35}{text}")
    modem = modem_speed.rates()
    output.note(modem_samples_per_second=modem)
    for name, rate in modem.items():
        output.line(f"modem {name:<12}{rate / 1e6:9.1f} M samples/s of one core")
    shares = speed.kernel_shares(mlp)
    output.note(kernel_shares={name: share for name, _, _, share in shares})
    for name, rate, limit, share in shares:
        output.line(
            f"kernel {name:<10}{rate:9.1f} M messages/s  "
            f"{share:5.0%} of the {limit} limit"
        )


class _Race:
    """Times contestants in turn, in rounds, and keeps their rates."""

    def __init__(self, output, rounds, bar):
        self.output, self._rounds, self._bar = output, rounds, bar
        self.messages, self.images = {}, {}

    def ratios(self, contestants, reference):
        """Return (medians of rates, of ratios to the reference), by name."""

        def counted(name, rate):
            self._bar.set_postfix_str(name)
            found = rate()
            self._bar.update()
            return found

        timed = {
            name: partial(counted, name, rate) for name, rate in contestants.items()
        }
        return speed.median_ratios(timed, reference, self._rounds)


def _message_ratios(race, mlp):
    from advphy_training import speed as torch_speed
    from gnuradio.advphy import speed as flowgraph_speed

    contestants = {
        "torch": lambda: torch_speed.torch_loop_rate(mlp),
        "loop": lambda: speed.loop_rate(mlp),
        "flowgraph": lambda: flowgraph_speed.flowgraph_rate(mlp),
        "torch_block": lambda: flowgraph_speed.usual_rate(
            mlp, torch_speed.torch_decoder(mlp)
        ),
    }
    rates, over_torch = race.ratios(contestants, "torch")
    _, over_block = race.ratios(
        {name: contestants[name] for name in ("torch_block", "flowgraph")},
        "torch_block",
    )
    for name, rate in rates.items():
        race.output.line(f"{name:<14}{rate / 1e6:9.1f} M messages/s")
    attacked, over_plain = race.ratios(flowgraph_speed.attacked_rates(mlp), "plain")
    race.messages.update(rates)
    for name in ("attacked", "cancelled", "attacked_cancelled"):
        race.output.line(f"{name:<20}{attacked[name] / 1e6:9.1f} M messages/s")
        race.messages[name] = attacked[name]
    return {
        "loop_over_torch": over_torch["loop"],
        "flowgraph_over_torch": over_torch["flowgraph"],
        "flowgraph_over_torch_block": over_block["flowgraph"],
        "attacked_over_flowgraph": over_plain["attacked"],
        "cancelled_over_flowgraph": over_plain["cancelled"],
        "attacked_cancelled_over_flowgraph": over_plain["attacked_cancelled"],
    }


def _semantic_ratios(race):
    from advphy_training import semantic_speed as torch_speed
    from gnuradio.advphy import semantic_speed

    setting = semantic_speed.setting_of("paired_arn_white", "eve_mnist")
    rates, over_torch = race.ratios(
        {
            "semantic torch": lambda: torch_speed.torch_chain_rate(setting, FRAMES),
            "semantic flowgraph": lambda: semantic_speed.chain_rate(setting, FRAMES),
        },
        "semantic torch",
    )
    for name, rate in rates.items():
        race.output.line(f"{name:<20}{rate / 1e6:9.2f} M images/s")
        race.images[name.replace(" ", "_")] = rate
    _, over_plain = race.ratios(semantic_speed.keyed_rates(FRAMES), "plain")
    return {
        "semantic_over_torch": over_torch["semantic flowgraph"],
        "keyed_over_semantic": over_plain["keyed"],
    }


def _cnn_ratio(race):
    from advphy_training import speed as torch_speed

    cnn = links.load("autoencoder_cnn")
    contestants = {
        "onnxruntime": lambda: torch_speed.onnxruntime_rate(cnn, BATCH),
        "ours": lambda: speed.decision_rate(cnn, BATCH),
    }
    try:
        _, ratios = race.ratios(contestants, "onnxruntime")
    except ModuleNotFoundError as error:
        race.output.remark(
            f"{error.name} is not installed, so cnn_over_onnxruntime is not measured; "
            "pip install onnx onnxruntime"
        )
        return {"cnn_over_onnxruntime": None}
    return {"cnn_over_onnxruntime": ratios["ours"]}


def _display_ratio(race, mlp):
    from gnuradio.advphy import display_speed

    frames = []
    try:
        display_speed.application()
    except ImportError:
        race.output.remark(
            "PyQt5 is not installed, so displayed_over_undisplayed is not measured; "
            "install python3-pyqt5"
        )
        return {"displayed_over_undisplayed": None}
    rates, ratios = race.ratios(
        display_speed.displayed_rates(mlp, frames=frames), "undisplayed"
    )
    race.messages.update(rates)
    slowest = 1000 * max(frames)
    race.output.line(f"slowest display: a picture in {slowest:.1f} ms")
    race.output.note(display_frame_milliseconds=slowest)
    return {"displayed_over_undisplayed": ratios["displayed"]}
