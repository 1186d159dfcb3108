# SPDX-License-Identifier: GPL-3.0-or-later
"""Reproduce a figure of the letter: train or take models, measure, draw, judge."""

import dataclasses
import shlex
import sys
from pathlib import Path

from advphy_model.measure import table
from advphy_model.measure.semantic_counts import SemanticCounts

from advphy_commands._numbers import whole

QUICK_STEPS = 1500  # of the pairs that are not shipped
QUICK_EVE_STEPS = 800


def run(arguments, figure):
    """Measure a figure of the letter and write picture, counts and claims.

    Args:
        arguments: those of `advphy reproduce`.
        figure: module of paper_figures.
    """
    from advphy_figures import picture_grid, secrecy
    from advphy_model.files import images
    from advphy_training import (
        arn_page,
        arn_pictures,
        arn_reproduction,
        claims_page,
        progress,
    )
    from advphy_training.eve_report import majority

    tested = images.load("mnist_test")  # first of all: are the data here?
    folder, name = Path(arguments.out), arguments.figure
    families = _families(arguments, folder)
    folder.mkdir(parents=True, exist_ok=True)
    measured, output = arn_reproduction.Measured(), arguments.output
    with progress.bar(unit="points") as bar:
        for words, measured in arn_reproduction.run(figure, families):
            bar.update()
            bar.set_postfix_str(words)
            if not sys.stderr.isatty():
                output.line(words)
            table.write(folder / f"{name}.csv", measured.rows, SemanticCounts)
    secrecy.draw(
        measured,
        figure,
        majority(tested),
        folder / f"{name}.png",
        f"{len(families)} training seed(s); bands: lowest to highest 95 % interval",
    )
    pictures = arn_pictures.rows(families[0])
    picture_grid.draw(
        pictures, tested.shape, folder / f"{name}-pictures.png", "SNR 10 dB, PSR -10 dB"
    )
    command = shlex.join(["advphy", *sys.argv[1:]])
    text = arn_page.section(name, figure, measured, [command])
    claims_page.write(folder / "claims.md", name, text)
    made = (f"{name}.png", f"{name}-pictures.png", f"{name}.csv", "claims.md")
    files = [str(folder / file) for file in made]
    for file in files:
        output.line(file)
    rows = [dataclasses.asdict(row) for row in measured.rows]
    output.note(figure=name, quick=arguments.quick, files=files, rows=rows)


def _families(arguments, folder):
    """Return the families of models: the shipped one, or one for each seed."""
    from advphy_training.arn_family import SHIPPED, Family

    place = folder / "trained"
    if arguments.quick:
        return [Family(SHIPPED, place, QUICK_STEPS, QUICK_EVE_STEPS)]
    seeds = whole("--seeds", arguments.seeds)
    if seeds < 1:
        raise ValueError(f"--seeds {seeds}: wanted at least 1")
    return [Family(number, place) for number in range(1, seeds + 1)]
