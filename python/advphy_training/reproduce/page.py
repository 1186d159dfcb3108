# SPDX-License-Identifier: GPL-3.0-or-later
"""claims.md: a paper's claims beside what was found, and what the paper leaves open."""

from collections import Counter
from pathlib import Path

from advphy_model.atomic_file import atomic_file

from advphy_training.reproduce import claims as verdicts

_READING = (
    "Brackets are 95 % intervals of counting; what another training or another p would "
    "change is not in them, that is what the seeds are for. Not decided: the intervals "
    "overlap, differ between the Eb/N0 given, or a number is missing."
)
CHOICES = (
    (
        "energy",
        "mean ||x||^2 = n over the codebook (one unit per channel use), frozen; "
        "the limit printed in [gan, Sec. II-A] is garbled",
    ),
    ("noise", "variance 1 / (2 R Eb/N0) per real dimension, R = k/n"),
    ("layout", "the n real parts, then the n imaginary parts"),
    (
        "sizes of the networks",
        "MLP 16-16(eLU)-14 and 14-16(ReLU)-16; CNN after "
        "[sadeghi]: `advphy info LINK` lists every layer",
    ),
    ("PSR", "10 log10(||p||^2 / n) at the receiver, -6 dB"),
    (
        "epsilon = 0.2 of the generator",
        "as power, ||p||^2 = 0.2 n (-7 dB); as "
        "amplitude (-14 dB) it trains no useful adversary",
    ),
    (
        "universal perturbation",
        "one p for all messages: input-agnostic FGM "
        "[sadeghi, Alg. 1], best of 10 runs, since one varies fourfold with its seed",
    ),
    ("a p made for another network", "hits by luck, so the mean over 5 of them"),
    (
        "Eb/N0 of crafting",
        "p is crafted anew for each Eb/N0; one crafted at another "
        "under-reports by up to 4 times",
    ),
    (
        "black box",
        "crafted on another network, and shifted at random per block, "
        "because the adversary's timing is unknown [sadeghi]",
    ),
    (
        "consensus [gan, eq. 9-10]",
        "minimising players take d + gamma L, the generator "
        "g - gamma L; the sign printed diverges; gamma = 0 in the shipped links",
    ),
    ("training", "Adam at 8.5 dB; batches, steps, rates: `advphy info LINK`"),
    (
        "conventional scheme",
        "BPSK with Hamming (7,4) at the same ||x||^2, hard "
        "decision and maximum likelihood; at equal power, and by a p made for it",
    ),
    (
        "strength",
        "universal PGD stands beside FGM, because a defence against a weak "
        "attack proves little",
    ),
)


def section(name, module, reproduced, commands) -> str:
    """Return the page's section on one figure.

    Args:
        name: of the figure.
        module: of paper_figures.
        reproduced: Reproduced.
        commands: that made it, texts.
    """
    lines = [f"# {name}: {module.TITLE}", "", f"![{module.TITLE}]({name}.png)", ""]
    lines += ["| claim | paper | ours | verdict |", "|---|---|---|---|"]
    for claim in module.CLAIMS:
        judged = _judged(claim, reproduced)
        lines.append(
            f"| {claim.text} | {claim.source} | {_ours(judged)} "
            f"| **{_verdict(judged)}** |"
        )
    lines += ["", _READING, "", *_table(module, reproduced)]
    lines += [
        "",
        "What the paper leaves open, and what is chosen here:",
        "",
        "| question | choice |",
        "|---|---|",
    ]
    lines += [
        f"| {_cell(question)} | {_cell(choice)} |" for question, choice in CHOICES
    ]
    lines += ["", "Made by:", "", *(f"    {command}" for command in commands), ""]
    return "\n".join(lines)


def verdicts_of(module, reproduced) -> list:
    """Return (claim, verdict) of each claim of a figure, texts to put below it."""
    return [
        (claim.text, _verdict(_judged(claim, reproduced))) for claim in module.CLAIMS
    ]


def _judged(claim, reproduced):
    """Return the outcomes of a claim's comparisons, a list for each family."""
    families = [reproduced.of_family(i) for i in range(reproduced.families)]
    return [
        [verdicts.compare(comparison, curves) for comparison in claim.comparisons]
        for curves in families
    ]


def write(path, name, text):
    """Put a figure's section into the page, in the place of an older one."""
    path = Path(path)
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    before, found, rest = page.partition(begin)
    after = rest.partition(end)[2] if found else ""
    with atomic_file(path) as file:
        file.write(f"{before}{begin}{text}\n{end}{after}")


def _ours(judged):
    """Return each comparison's state and numbers, for each family of links."""
    words = []
    for outcomes in zip(*judged, strict=True):
        numbers = " / ".join(outcome.numbers for outcome in outcomes)
        states = " / ".join(outcome.state for outcome in outcomes)
        if len(outcomes) > 1 and len({outcome.state for outcome in outcomes}) == 1:
            states = f"{outcomes[0].state} for every seed"
        words.append(f"{outcomes[0].condition}: {numbers}: {states}")
    return "<br>".join(words)


def _verdict(judged):
    """Return the verdict, or how many seeds came to which."""
    found = Counter(verdicts.verdict(outcomes) for outcomes in judged)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(
        f"{count} of {len(judged)} seeds: {v}" for v, count in found.items()
    )


def _cell(text):
    return text.replace("|", "\\|")


def _table(module, reproduced):
    """Return the curves in numbers: BLER at 8 dB, Eb/N0 where BLER is 1e-3."""
    lines = [
        "| system | attack | BLER at 8 dB | Eb/N0 [dB] where BLER is 1e-3 |",
        "|---|---|---|---|",
    ]
    attacks = [("clean", "none"), *((a.key, a.title) for a in module.ATTACKS)]
    for system in module.SYSTEMS:
        for key, title in attacks:
            points = reproduced.added_up(system.link, key)
            rate = verdicts.shown_bler(verdicts.bler_at(points, 8.0))
            if points and max(points) < 8:
                last = verdicts.shown_bler(verdicts.bler_at(points, max(points)))
                rate = f"less than {last} at {max(points):g} dB"
            needed = verdicts.shown_db(verdicts.ebn0_needed(points, 1e-3))
            lines.append(
                f"| {system.label} (`{system.link}`) | {title} | {rate} | {needed} |"
            )
    return lines
