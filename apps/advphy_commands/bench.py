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
the samples a second that the modem's kernels take on one core at 4 samples a symbol,
and the share of its arithmetic or memory limit that each kernel reaches.
"""

import json
import sys

from advphy_model import kernels, links, speed
from advphy_model.atomic_file import atomic_file, refuse_unwritable
from advphy_model.modem import speed as modem_speed

BATCH = 10_000
FRAMES = 1_000_000  # images that a semantic chain is timed over: the start costs 0.1 s


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("--json", metavar="FILE", help="write the ratios and shares")
    parser.add_argument("--rounds", type=int, default=5, help="(default %(default)s)")


def run(arguments):
    """Measure, print, and write the JSON."""
    if arguments.rounds < 1:
        raise ValueError(f"--rounds {arguments.rounds}: wanted at least 1")
    if arguments.json:
        refuse_unwritable(arguments.json)
    from advphy_training import speed as torch_speed
    from gnuradio.advphy import speed as flowgraph_speed

    mlp, cnn = links.load("autoencoder_mlp"), links.load("autoencoder_cnn")
    print(f"instruction set: {kernels.instruction_set()}", flush=True)
    contestants = {
        "torch": lambda: torch_speed.torch_loop_rate(mlp),
        "loop": lambda: speed.loop_rate(mlp),
        "flowgraph": lambda: flowgraph_speed.flowgraph_rate(mlp),
        "torch_block": lambda: flowgraph_speed.usual_rate(
            mlp, torch_speed.torch_decoder(mlp)
        ),
    }
    rates, over_torch = speed.median_ratios(contestants, "torch", arguments.rounds)
    _, over_block = speed.median_ratios(
        {name: contestants[name] for name in ("torch_block", "flowgraph")},
        "torch_block",
        arguments.rounds,
    )
    for name, rate in rates.items():
        print(f"{name:<14}{rate / 1e6:9.1f} M messages/s")
    attacked, over_plain = speed.median_ratios(
        flowgraph_speed.attacked_rates(mlp), "plain", arguments.rounds
    )
    for name in ("attacked", "cancelled", "attacked_cancelled"):
        print(f"{name:<20}{attacked[name] / 1e6:9.1f} M messages/s")
    ratios = {
        "loop_over_torch": over_torch["loop"],
        "flowgraph_over_torch": over_torch["flowgraph"],
        "flowgraph_over_torch_block": over_block["flowgraph"],
        "attacked_over_flowgraph": over_plain["attacked"],
        "cancelled_over_flowgraph": over_plain["cancelled"],
        "attacked_cancelled_over_flowgraph": over_plain["attacked_cancelled"],
        "cnn_over_onnxruntime": _cnn_ratio(cnn, torch_speed, arguments.rounds),
        **_semantic_ratios(arguments.rounds),
    }
    for name, ratio in ratios.items():
        print(f"{name:<35}{'not measured' if ratio is None else f'{ratio:.2f}'}")
    modem = modem_speed.rates()
    for name, rate in modem.items():
        print(f"modem {name:<12}{rate / 1e6:9.1f} M samples/s of one core")
    shares = speed.kernel_shares(mlp)
    for name, rate, limit, share in shares:
        print(
            f"kernel {name:<10}{rate:9.1f} M messages/s  "
            f"{share:5.0%} of the {limit} limit"
        )
    if arguments.json:
        with atomic_file(arguments.json) as file:
            json.dump(
                {
                    **ratios,
                    "modem_samples_per_second": modem,
                    "instruction_set": kernels.instruction_set(),
                    "kernel_shares": {name: share for name, _, _, share in shares},
                },
                file,
                indent=1,
            )


def _semantic_ratios(rounds):
    from advphy_training import semantic_speed as torch_speed
    from gnuradio.advphy import semantic_speed

    setting = semantic_speed.setting_of("paired_arn_white", "eve_mnist")
    rates, over_torch = speed.median_ratios(
        {
            "semantic torch": lambda: torch_speed.torch_chain_rate(setting, FRAMES),
            "semantic flowgraph": lambda: semantic_speed.chain_rate(setting, FRAMES),
        },
        "semantic torch",
        rounds,
    )
    for name, rate in rates.items():
        print(f"{name:<20}{rate / 1e6:9.2f} M images/s")
    _, over_plain = speed.median_ratios(
        semantic_speed.keyed_rates(FRAMES), "plain", rounds
    )
    return {
        "semantic_over_torch": over_torch["semantic flowgraph"],
        "keyed_over_semantic": over_plain["keyed"],
    }


def _cnn_ratio(cnn, torch_speed, rounds):
    contestants = {
        "onnxruntime": lambda: torch_speed.onnxruntime_rate(cnn, BATCH),
        "ours": lambda: speed.decision_rate(cnn, BATCH),
    }
    try:
        _, ratios = speed.median_ratios(contestants, "onnxruntime", rounds)
    except ModuleNotFoundError as error:
        print(
            f"advphy bench: {error.name} is not installed, so cnn_over_onnxruntime is "
            "not measured; pip install onnx onnxruntime",
            file=sys.stderr,
        )
        return None
    return ratios["ours"]
