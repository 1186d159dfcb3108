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
  rotated_over_semantic       the same keyed by rotation
  short_over_long             flowgraph at latency 8192 over latency 65536
  displayed_over_undisplayed  flowgraph with four visible displays over one without
Then it prints the time from the source to the decision at 1 M messages/s and latency
1024, the processor time of a call of a block that passes 64 bytes on (in C++, in Python
as GNU Radio has it, guarded), the samples per second that the modem processes on one
core (4 samples per symbol), and which share of its arithmetic or memory limit each
kernel reaches. All of it for each instruction set of this machine, the fastest first,
or for the one that ADVPHY_INSTRUCTION_SET names.
"""

import os
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
    names = kernels.instruction_sets()
    if os.environ.get("ADVPHY_INSTRUCTION_SET"):
        names = [kernels.instruction_set()]
    output.note(rounds=settings.rounds)
    for name in names:
        kernels.choose_instruction_set(name)
        output.line(f"instruction set: {name}")
        found = {"instruction_set": name, **_measured(settings.rounds, output)}
        if name == names[0]:
            output.note(**found)
        else:
            output.row("other_instruction_sets", found)


def _measured(rounds, output):
    """Return the results under the present instruction set, after printing them."""
    from advphy_benchmarks import link_flowgraph, link_loop

    found, model = _races(rounds, output), links.load("autoencoder_mlp")
    delays = link_flowgraph.decision_delays(model)
    found["decision_milliseconds"] = delays
    output.line(
        f"source to decision: median {delays['median']:.1f} ms, "
        f"99 % within {delays['99 %']:.1f} ms"
    )
    costs = found["call_microseconds"] = link_flowgraph.call_costs()
    words = ", ".join(f"{name} {cost:.1f} us" for name, cost in costs.items())
    output.line(f"processor time of a call: {words}")
    rates = found["modem_samples_per_second"] = link_loop.modem_rates()
    for name, rate in rates.items():
        output.line(f"modem {name:<12}{rate / 1e6:9.1f} M samples/s of one core")
    shares = link_loop.kernel_shares(model)
    found["kernel_shares"] = {name: share for name, _, _, share in shares}
    for name, rate, limit, share in shares:
        text = f"{rate:9.1f} M items/s  {share:5.0%} of the {limit} limit"
        output.line(f"kernel {name:<12}{text}")
    return found


def _races(rounds, output):
    """Return ratios, rates and times of all races; None if a package is missing."""
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
    for name, ratio in ratios.items():
        text = "not measured" if ratio is None else f"{ratio:.2f}"
        output.line(f"{name:<35}{text}")
    found = ratios | {f"{unit}_per_second": rates for unit, rates in reported.items()}
    if pictures:
        found["display_frame_milliseconds"] = slowest = 1000 * max(pictures)
        output.line(f"slowest display: a picture in {slowest:.1f} ms")
    return found
