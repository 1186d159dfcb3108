# SPDX-License-Identifier: GPL-3.0-or-later
"""Let Eve adapt to a semantic link and report what secrecy is left (needs torch).

LINK is a file, or a name that `advphy info` lists. A flowgraph records what Eve
receives; from that she learns again: with labels of some intercepts (known pictures),
with pairs that she trains herself, with Bob's module stolen, and a decoder of images of
her own. Writes report.md, report.json, counts.csv, accuracy.png and the best Eve.
"""

import json
import shlex
import sys
from pathlib import Path

from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink

from advphy_commands._numbers import db_range, whole
from advphy_commands.measure_semantic import secret_of


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("link", metavar="LINK")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument(
        "--intercepts",
        default="50,300,1000,50000",
        metavar="N,N,...",
        help="numbers of labelled intercepts (default %(default)s)",
    )
    parser.add_argument(
        "--snr-db", default="10", help="Eve's SNRs in dB (default %(default)s)"
    )
    parser.add_argument(
        "--eve", default="eve_mnist", help="the static one (default %(default)s)"
    )
    parser.add_argument(
        "--knows-base",
        default="eve_mnist_snr",
        metavar="EVE",
        help="an Eve of the base, for a stolen Bob (default %(default)s)",
    )
    parser.add_argument(
        "--images",
        default="mnist_train",
        metavar="SET",
        help="sent while she records (default %(default)s)",
    )
    parser.add_argument(
        "--test-images",
        default="mnist_test",
        metavar="SET",
        help="measured on (default %(default)s)",
    )
    parser.add_argument("--steps", default="3000", help="of each training of hers")
    parser.add_argument(
        "--surrogate-steps",
        default="2000",
        help="of each pair of her own; 0: none (default %(default)s)",
    )
    parser.add_argument("--key-file", metavar="FILE", help="of a keyed link")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument(
        "--engine",
        choices=("flowgraph", "loop"),
        default="flowgraph",
        help="that Eve records in; both give the same (default %(default)s)",
    )


def run(arguments):
    """Record, adapt, measure, report."""
    from advphy_training import eve_report, progress

    folder = Path(arguments.out)
    adaptations = _adaptations(arguments)
    folder.mkdir(parents=True, exist_ok=True)
    each = len(adaptations[0].counts) + 4
    with progress.bar(total=each * len(adaptations), unit="Eve") as bar:
        for one in adaptations:
            for means in one.run():
                bar.update()
                bar.set_postfix_str(f"{one.setting.eve_snr_db:g} dB: {means}")
    command = shlex.join(["advphy", *sys.argv[1:]])
    eve_report.write(adaptations, folder, command)
    for one in adaptations:
        path = folder / f"adapted_eve_{one.setting.eve_snr_db:g}dB.safetensors"
        one.eves["all"].write(path)
    arguments.output.line(folder / "report.md")
    report = json.loads((folder / "report.json").read_text())
    arguments.output.note(out=str(folder), report=report)


def _adaptations(arguments):
    from advphy_model.measure.semantic_chain import SemanticSetting
    from advphy_training.adaptation import Effort
    from advphy_training.eve_report import Adaptation

    link = SemanticLink.load(arguments.link)
    static = Eve.load(arguments.eve)
    knows_base = Eve.load(arguments.knows_base)
    knows_base.require_fit(link)
    sent, tested = images.load(arguments.images), images.load(arguments.test_images)
    counts = tuple(whole("--intercepts", n) for n in arguments.intercepts.split(","))
    if min(counts) < 10:
        raise ValueError(f"--intercepts {arguments.intercepts}: wanted at least 10")
    secret = secret_of(arguments, link)
    effort = Effort(
        steps=max(1, whole("--steps", arguments.steps)), seed=arguments.seed
    )
    return [
        Adaptation(
            SemanticSetting(
                link, sent, snr_db, snr_db, static, secret=secret, seed=arguments.seed
            ),
            tested,
            _record(arguments.engine),
            counts,
            knows_base,
            whole("--surrogate-steps", arguments.surrogate_steps),
            effort,
        )
        for snr_db in db_range("--snr-db", arguments.snr_db)
    ]


def _record(engine):
    if engine == "loop":
        from advphy_model.measure import semantic_chain

        return semantic_chain.record
    from gnuradio.advphy import semantic_engine

    return semantic_engine.record
