# SPDX-License-Identifier: GPL-3.0-or-later
"""Let Eve adapt to a semantic link and report the remaining secrecy (needs torch).

LINK is a file or a name that `advphy info` lists. A flowgraph records what Eve
receives. Eve is then trained again on these intercepts: with the labels of some of
them, with pairs that she trains herself, and with a stolen copy of Bob's module; of a
keyed link, with what its transform leaves: sorted magnitudes, or the length. She
also trains an image decoder. Writes report.md, report.json, counts.csv, accuracy.png
and the best Eve.
"""

from dataclasses import dataclass
from pathlib import Path

from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink

from advphy_commands import _progress
from advphy_commands._measuring import engine
from advphy_commands._options import db_range, operand, option, positive, whole
from advphy_commands.secret import key_file, secret_of


def _intercepts(name, text):
    counts = tuple(whole(name, n) for n in text.split(","))
    if min(counts) < 10:
        raise ValueError(f"{name} must be at least 10, got {text}")
    return counts


@dataclass(frozen=True)
class Settings:
    link: str = operand("LINK", "file or name of the semantic link")
    out: Path = option("folder of the report", required=True, metavar="DIR")
    intercepts: tuple = option(
        "numbers of labeled intercepts",
        "50,300,1000,50000",
        _intercepts,
        metavar="N,N,...",
    )
    snr_db: list = option("SNRs of Eve in dB", "10", db_range)
    eve: str = option("Eve that does not adapt, a file or a name", "eve_mnist")
    knows_base: str = option(
        "Eve of the link without a pair", "eve_mnist_snr", metavar="EVE"
    )
    images: str = option("images that Eve records", "mnist_train", metavar="SET")
    test_images: str = option("images to measure on", "mnist_test", metavar="SET")
    steps: int = option("steps of each training of Eve", "3000", positive)
    surrogate_steps: int = option("steps of each pair of Eve; 0: none", "2000")
    key_file: str = key_file()
    seed: int = option("seed of all random numbers, below 2^32", 1, type=int)
    engine: str = engine("engine that records; both give the same samples")

    def __post_init__(self):
        for name in ("intercepts", "snr_db"):
            if len({*getattr(self, name)}) < len(getattr(self, name)):
                raise ValueError(f"{name} has a value twice; give each once")


def run(settings, output):
    from advphy_training.evaluate import secrecy_report

    folder, adaptations = settings.out, _adaptations(settings)
    folder.mkdir(parents=True, exist_ok=True)
    steps = (len(settings.intercepts) + 4) * len(adaptations)
    with _progress.bar(total=steps, unit="Eve") as bar:
        for one in adaptations:
            for means in one.run():
                bar.update()
                bar.set_postfix_str(f"{one.setting.eve_snr_db:g} dB: {means}")
    report = secrecy_report.write(adaptations, folder, output.command_line)
    for one in adaptations:
        path = folder / f"adapted_eve_{one.setting.eve_snr_db:g}dB.safetensors"
        one.eves["all"].write(path)
    output.line(folder / "report.md")
    output.note(out=str(folder), report=report)


def _adaptations(settings):
    from advphy_model.measure import semantic_chain
    from advphy_training.evaluate.adapted_eve import Effort
    from advphy_training.evaluate.secrecy import Adaptation

    link, static = SemanticLink.load(settings.link), Eve.load(settings.eve)
    knows_base = Eve.load(settings.knows_base)
    knows_base.require_fit(link)
    sent, tested = images.load(settings.images), images.load(settings.test_images)
    secret, seed = secret_of(settings.key_file, link), settings.seed
    record = semantic_chain.record
    if settings.engine == "flowgraph":
        from gnuradio.advphy import semantic_engine

        record = semantic_engine.record
    effort = Effort(steps=settings.steps, seed=seed)
    hers = settings.intercepts, knows_base, settings.surrogate_steps, effort
    at = {"eve": static, "secret": secret, "seed": seed}
    setting, snrs_db = semantic_chain.SemanticSetting, settings.snr_db
    targets = (setting(link, sent, snr_db, snr_db, **at) for snr_db in snrs_db)
    return [Adaptation(target, tested, record, *hers) for target in targets]
