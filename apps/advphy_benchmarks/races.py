# SPDX-License-Identifier: GPL-3.0-or-later
"""Races of `advphy bench`: contestants, their rates and the ratios of these."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from advphy_model.link import links

BATCH = 10_000
FRAMES = 1_000_000  # images per run of a semantic chain, whose start takes 0.1 s


def rate_of(work, amount, seconds=0.3):
    """Return the amount per second of calls of work(), measured over `seconds`."""
    work()
    calls, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < seconds:
        work()
        calls += 1
    return calls * amount / spent


def rates_in_turn(contestants, rounds):
    """Return {name: list with one rate per round}.

    In every round all contestants, {name: function that returns a rate}, run in turn,
    so a drift of the machine's speed does not favor any of them.
    """
    rates = {name: [] for name in contestants}
    for _ in rounds:
        for name, rate in contestants.items():
            rates[name].append(rate())
    return rates


def median_ratio(rates, ours, theirs):
    """Return the median over the rounds of the ratio of two contestants."""
    pairs = zip(rates[ours], rates[theirs], strict=True)
    return statistics.median(one / other for one, other in pairs)


@dataclass(frozen=True)
class Race:
    """Contestants that run in turn, and their ratios."""

    contestants: Callable  # function that returns {name: function that returns a rate}
    ratios: dict  # {name of a ratio: (contestant, contestant in the denominator)}
    unit: str = "messages"  # unit of the rates, "messages" or "images"
    reported: tuple = ()  # contestants whose rates are reported, too
    optional: bool = False  # whether a missing package is allowed


def races(frame_seconds):
    """Return the races in the order of their runs.

    Args:
        frame_seconds: list to which the display race appends times to draw a picture.
    """
    mlp = links.load("autoencoder_mlp")
    disturbed = ("attacked", "cancelled", "attacked_cancelled")
    over_torch = {
        "loop_over_torch": ("loop", "torch"),
        "flowgraph_over_torch": ("flowgraph", "torch"),
        "flowgraph_over_torch_block": ("flowgraph", "torch_block"),
    }
    over_plain = {f"{name}_over_flowgraph": (name, "plain") for name in disturbed}
    semantic = ("semantic_torch", "semantic_flowgraph")
    shown = ("undisplayed", "displayed")
    return (
        Race(
            lambda: _messages(mlp),
            over_torch,
            reported=("torch", "loop", "flowgraph", "torch_block"),
        ),
        Race(lambda: _attacked(mlp), over_plain, reported=disturbed),
        Race(_cnn, {"cnn_over_onnxruntime": ("ours", "onnxruntime")}, optional=True),
        Race(_network, {"network_over_onnxruntime_block": ("ours", "onnxruntime")}),
        Race(_semantic, {"semantic_over_torch": semantic[::-1]}, "images", semantic),
        Race(_keyed, {"keyed_over_semantic": ("keyed", "plain")}, "images"),
        Race(
            lambda: _displayed(mlp, frame_seconds),
            {"displayed_over_undisplayed": shown[::-1]},
            reported=shown,
            optional=True,
        ),
    )


def _messages(model):
    from advphy_benchmarks import link_flowgraph, link_loop, torch_and_onnx

    decide = torch_and_onnx.torch_decoder
    return {
        "torch": lambda: torch_and_onnx.torch_loop_rate(model),
        "loop": lambda: link_loop.loop_rate(model),
        "flowgraph": lambda: link_flowgraph.flowgraph_rate(model),
        "torch_block": lambda: link_flowgraph.usual_rate(model, decide(model)),
    }


def _attacked(model):
    from advphy_benchmarks import link_flowgraph

    return link_flowgraph.attacked_rates(model)


def _cnn():
    from advphy_benchmarks import link_loop, torch_and_onnx

    cnn = links.load("autoencoder_cnn")
    return {
        "onnxruntime": lambda: torch_and_onnx.onnxruntime_rate(cnn, BATCH),
        "ours": lambda: link_loop.decision_rate(cnn, BATCH),
    }


def _network():
    from advphy_benchmarks import network_block

    return network_block.rates()


def _semantic():
    from advphy_benchmarks import semantic_link

    setting = semantic_link.setting_of("paired_arn_white", "eve_mnist")
    return {
        "semantic_torch": lambda: semantic_link.torch_chain_rate(setting, FRAMES),
        "semantic_flowgraph": lambda: semantic_link.chain_rate(setting, FRAMES),
    }


def _keyed():
    from advphy_benchmarks import semantic_link

    return semantic_link.keyed_rates(FRAMES)


def _displayed(model, frame_seconds):
    from advphy_benchmarks import displays

    displays.application()  # raises an ImportError without Qt
    return displays.displayed_rates(model, frames=frame_seconds)
