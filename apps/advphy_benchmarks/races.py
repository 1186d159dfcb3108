# SPDX-License-Identifier: GPL-3.0-or-later
"""Races of `advphy bench`: contestants, their rates and the ratios of these."""

import functools
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from advphy_model.link import links

from advphy_benchmarks import (
    displays,
    link_flowgraph,
    link_loop,
    semantic_link,
    torch_and_onnx,
)

BATCH = 10_000
FRAMES = 1_000_000  # images per run of a semantic chain, whose start takes 0.1 s


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
    """Return the races in order; that of the displays appends times of pictures."""
    mlp = links.load("autoencoder_mlp")
    disturbed = ("attacked", "cancelled", "attacked_cancelled")
    over_torch = {
        "loop_over_torch": ("loop", "torch"),
        "flowgraph_over_torch": ("flowgraph", "torch"),
        "flowgraph_over_torch_block": ("flowgraph", "torch_block"),
    }
    attacked = functools.partial(link_flowgraph.attacked_rates, mlp)
    keyed = functools.partial(semantic_link.keyed_rates, FRAMES)
    rotated = functools.partial(semantic_link.keyed_rates, FRAMES, "keyed_arn")
    onnx = ("ours", "onnxruntime")
    over_plain = {f"{name}_over_flowgraph": (name, "plain") for name in disturbed}
    semantic = ("semantic_torch", "semantic_flowgraph")
    shown = ("undisplayed", "displayed")
    return (
        Race(
            lambda: _messages(mlp),
            over_torch,
            reported=("torch", "loop", "flowgraph", "torch_block"),
        ),
        Race(
            lambda: link_flowgraph.latency_rates(mlp),
            {"short_over_long": ("short", "long")},
            reported=("long", "short", "shortest"),
        ),
        Race(attacked, over_plain, reported=disturbed),
        Race(
            lambda: {"six_channels": lambda: link_flowgraph.channels_rate(mlp)},
            {},
            reported=("six_channels",),
        ),
        Race(_cnn, {"cnn_over_onnxruntime": onnx}, optional=True),
        Race(
            link_flowgraph.network_rates,
            {"network_over_onnxruntime_block": onnx},
            optional=True,
        ),
        Race(_semantic, {"semantic_over_torch": semantic[::-1]}, "images", semantic),
        Race(keyed, {"keyed_over_semantic": ("keyed", "plain")}, "images"),
        Race(rotated, {"rotated_over_semantic": ("keyed", "plain")}, "images"),
        Race(
            lambda: displays.displayed_rates(mlp, frames=frame_seconds),
            {"displayed_over_undisplayed": shown[::-1]},
            reported=shown,
            optional=True,
        ),
    )


def _messages(model):
    decide = torch_and_onnx.torch_decoder
    return {
        "torch": lambda: torch_and_onnx.torch_loop_rate(model),
        "loop": lambda: link_loop.loop_rate(model),
        "flowgraph": lambda: link_flowgraph.flowgraph_rate(model),
        "torch_block": lambda: link_flowgraph.usual_rate(model, decide(model)),
    }


def _cnn():
    cnn = links.load("autoencoder_cnn")
    return {
        "onnxruntime": lambda: torch_and_onnx.onnxruntime_rate(cnn, BATCH),
        "ours": lambda: link_loop.decision_rate(cnn, BATCH),
    }


def _semantic():
    setting = semantic_link.setting_of("paired_arn_white", "eve_mnist")
    return {
        "semantic_torch": lambda: semantic_link.torch_chain_rate(setting, FRAMES),
        "semantic_flowgraph": lambda: semantic_link.chain_rate(setting, FRAMES),
    }
