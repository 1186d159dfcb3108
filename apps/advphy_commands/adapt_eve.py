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
from dataclasses import dataclass
from pathlib import Path

from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink

from advphy_commands import _progress
from advphy_commands._numbers import db_range, whole
from advphy_commands._options import operand, option
from advphy_commands.secret import key_file, secret_of


def _intercepts(name, text):
    counts = tuple(whole(name, n) for n in text.split(","))
    if min(counts) < 10:
        raise ValueError(f"{name} must be at least 10, got {text}")
    return counts


@dataclass(frozen=True)
class Settings:
    """Who adapts to what, and with which means."""

    link: str = operand("LINK")
    out: Path = option(required=True, type=Path, metavar="DIR")
    intercepts: tuple = option(
        "50,300,1000,50000",
        "numbers of labeled intercepts",
        _intercepts,
        metavar="N,N,...",
    )
    snr_db: list = option("10", "Eve's SNRs in dB", db_range)
    eve: str = option("eve_mnist", "the static one")
    knows_base: str = option(
        "eve_mnist_snr", "an Eve of the base, for a stolen Bob", metavar="EVE"
    )
    images: str = option("mnist_train", "sent while she records", metavar="SET")
    test_images: str = option("mnist_test", "measured on", metavar="SET")
    steps: int = option("3000", "of each training of hers", whole)
    surrogate_steps: int = option("2000", "of each pair of her own; 0: none", whole)
    key_file: str = key_file()
    seed: int = option(1, type=int)
    engine: str = option(
        "flowgraph",
        "that Eve records in; both give the same",
        choices=("flowgraph", "loop"),
    )


def run(settings, output):
    """Record, adapt, measure, report."""
    from advphy_training.evaluate import secrecy_report

    folder, adaptations = settings.out, _adaptations(settings)
    folder.mkdir(parents=True, exist_ok=True)
    each = len(settings.intercepts) + 4
    with _progress.bar(total=each * len(adaptations), unit="Eve") as bar:
        for one in adaptations:
            for means in one.run():
                bar.update()
                bar.set_postfix_str(f"{one.setting.eve_snr_db:g} dB: {means}")
    command = shlex.join(["advphy", *sys.argv[1:]])
    secrecy_report.write(adaptations, folder, command)
    for one in adaptations:
        path = folder / f"adapted_eve_{one.setting.eve_snr_db:g}dB.safetensors"
        one.eves["all"].write(path)
    output.line(folder / "report.md")
    report = json.loads((folder / "report.json").read_text())
    output.note(out=str(folder), report=report)


def _adaptations(settings):
    from advphy_model.measure.semantic_chain import SemanticSetting
    from advphy_training.evaluate.adapted_eve import Effort
    from advphy_training.evaluate.secrecy import Adaptation

    link = SemanticLink.load(settings.link)
    static = Eve.load(settings.eve)
    knows_base = Eve.load(settings.knows_base)
    knows_base.require_fit(link)
    sent, tested = images.load(settings.images), images.load(settings.test_images)
    secret, seed = secret_of(settings.key_file, link), settings.seed
    record, known = _record(settings.engine), {"secret": secret, "seed": seed}
    effort = Effort(steps=max(1, settings.steps), seed=seed)
    hers = settings.intercepts, knows_base, settings.surrogate_steps, effort
    found = []
    for snr_db in settings.snr_db:
        setting = SemanticSetting(link, sent, snr_db, snr_db, static, **known)
        found.append(Adaptation(setting, tested, record, *hers))
    return found


def _record(engine):
    if engine == "loop":
        from advphy_model.measure import semantic_chain

        return semantic_chain.record
    from gnuradio.advphy import semantic_engine

    return semantic_engine.record
