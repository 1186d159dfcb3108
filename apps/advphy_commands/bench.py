# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the speed of this software with torch and onnxruntime, on 2 threads.

Prints ratios of rates, which are medians over rounds in which all contestants run:
  loop_over_torch             loop engine over a plain torch loop in batches of 10 000
  flowgraph_over_torch        flowgraph over the same torch loop
  flowgraph_over_torch_block  flowgraph over one whose Python block calls torch
  cnn_over_onnxruntime        CNN decoder over onnxruntime, batch of 10 000, 1 thread
  attacked_over_flowgraph     flowgraph with a perturbation source over one without
  cancelled_over_flowgraph    flowgraph with a canceller over one without
  semantic_over_torch         semantic flowgraph with Bob and Eve over a torch loop
  keyed_over_semantic         semantic flowgraph keyed by sign-permutation over unkeyed
  displayed_over_undisplayed  flowgraph with four visible displays over one without
Then it prints the samples per second that the modem processes on one core (4 samples
per symbol), and which share of its arithmetic or memory limit each kernel reaches.
"""

import statistics
from dataclasses import dataclass

from advphy_model import kernels
from advphy_model.link import links

from advphy_commands import _progress
from advphy_commands._options import option, positive
from advphy_commands._remedies import REMEDIES


@dataclass(frozen=True)
class Settings:
    rounds: int = option(
        "rounds, in each of which every contestant runs", "5", positive
    )


def run(settings, output):
    from advphy_benchmarks import link_loop

    output.line(f"instruction set: {kernels.instruction_set()}")
    output.note(instruction_set=kernels.instruction_set(), rounds=settings.rounds)
    ratios = _races(settings.rounds, output)
    output.note(**ratios)
    for name, ratio in ratios.items():
        text = "not measured" if ratio is None else f"{ratio:.2f}"
        output.line(f"{name:<35}{text}")
    rates = link_loop.modem_rates()
    output.note(modem_samples_per_second=rates)
    for name, rate in rates.items():
        output.line(f"modem {name:<12}{rate / 1e6:9.1f} M samples/s of one core")
    shares = link_loop.kernel_shares(links.load("autoencoder_mlp"))
    output.note(kernel_shares={name: share for name, _, _, share in shares})
    for name, rate, limit, share in shares:
        text = f"{rate:9.1f} M messages/s  {share:5.0%} of the {limit} limit"
        output.line(f"kernel {name:<10}{text}")


def _races(rounds, output):
    """Return the ratios of all races; a ratio is None if a package is missing."""
    from advphy_benchmarks.races import median_ratio, races, rates_in_turn

    ratios, reported, pictures = {}, {"messages": {}, "images": {}}, []
    for race in races(pictures):
        try:
            turns = _progress.bar(range(rounds), unit="round")
            rates = rates_in_turn(race.contestants(), turns)
        except ImportError as error:
            if not race.optional:
                raise
            for name in race.ratios:
                ratios[name] = None
                output.remark(
                    f"{error.name} is not installed, so {name} is not measured; "
                    f"{REMEDIES.get(error.name, 'install it')}"
                )
            continue
        for name in race.reported:
            rate = reported[race.unit][name] = statistics.median(rates[name])
            output.line(f"{name:<20}{rate / 1e6:9.2f} M {race.unit}/s")
        for name, pair in race.ratios.items():
            ratios[name] = median_ratio(rates, *pair)
    output.note(**{f"{unit}_per_second": found for unit, found in reported.items()})
    if pictures:
        slowest = 1000 * max(pictures)
        output.line(f"slowest display: a picture in {slowest:.1f} ms")
        output.note(display_frame_milliseconds=slowest)
    return ratios
