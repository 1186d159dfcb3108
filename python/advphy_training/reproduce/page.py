# SPDX-License-Identifier: GPL-3.0-or-later
"""The page claims.md: claims of a paper, results, and what the paper leaves open."""

from pathlib import Path

from advphy_model.atomic_file import atomic_file

from advphy_training.reproduce.claims import verdict

# Open questions of a paper, one per line: the question, a colon, the choice here.
_GAN_CHOICES = """
energy: mean ||x||^2 = n over the codebook (one unit per channel use), frozen; the limit
    printed in [gan, Sec. II-A] is garbled
noise: variance 1 / (2 R Eb/N0) per real dimension, R = k/n
layout: the n real parts, then the n imaginary parts
sizes of the networks: MLP 16-16(eLU)-14 and 14-16(ReLU)-16; CNN after [sadeghi]:
    `advphy info LINK` lists every layer
PSR: 10 log10(||p||^2 / n) at the receiver, -6 dB
epsilon = 0.2 of the generator: as power, ||p||^2 = 0.2 n (-7 dB); as amplitude (-14 dB)
    it trains no useful adversary
universal perturbation: one p for all messages: input-agnostic FGM [sadeghi, Alg. 1],
    best of 10 runs, since one varies fourfold with its seed
a p made for another network: hits by luck, so the mean over 5 of them
Eb/N0 of crafting: p is crafted anew for each Eb/N0; one crafted at another
    under-reports by up to 4 times
black box: crafted on another network, and shifted at random per block, because the
    adversary's timing is unknown [sadeghi]
consensus [gan, eq. 9-10]: minimizing players take d + gamma L, the generator g - gamma
    L; the sign printed diverges; gamma = 0 in the shipped links
training: Adam at 8.5 dB, from the code of the authors; batches, steps and rates are our
    choice: `advphy info LINK`
conventional scheme: BPSK with Hamming (7,4) at the same ||x||^2, hard decision and
    maximum likelihood; at equal power, and by a p made for it
strength: universal PGD stands next to FGM, because a defense against a weak attack
    proves little
"""
_ARN_CHOICES = """
power: mean x_i^2 = 1 in each of the 23 dimensions and ||delta||^2 / N <= epsilon, so
    PSR = epsilon; read as printed, E||x||^2 = 1, the attack would be 3.6 dB above the
    signal (`power_reading=literal`)
is x' scaled back?: no, as in the letter; its power stands in the table, and next to the
    pair the original at that power
power limit: on the mean of ||delta||^2 / N over a batch [arn, eq. 20]
Eve's training: on codes without noise, which reproduces the letter's figures; an Eve
    trained over the SNRs is harder to fool (`advphy train eve --set noise=snr`)
substitute in black box: layers of 16 and 10, trained on codes without noise from
    another seed
23 real dimensions: 12 complex channel uses, one zero of padding
training of the base: SNR uniform in 0..20 dB; 50000 images; tested on MNIST's test file
output layer: a sigmoid, since pixels are of 0..1; the letter names ReLU only
MSE in the loss: per pixel; Bob's and Eve's SNR are drawn apart
the Eve who adapts: 50000 labelled intercepts at that SNR, three networks, the best by
    held-out intercepts
"""


# Word for the paper, explanation of the numbers, open questions.
_PAPERS = {
    "gan": (
        "paper",
        "Brackets are 95 % intervals of counting; what another training or another p "
        "would change is not in them, that is what the seeds are for. Not decided: the "
        "intervals overlap, differ between the Eb/N0 given, or a number is missing.",
        _GAN_CHOICES,
    ),
    "arn": (
        "letter",
        "A line for each training seed; brackets are 95 % intervals over the 10000 "
        "test images (--quick: 1000, 5000 intercepts for an Eve who adapts, and "
        "short trainings).",
        _ARN_CHOICES,
    ),
}


def section(name, figure, measured, commands) -> str:
    """Return the page's section on a figure such as gan-fig3, a module of figures/.

    `measured` are BlockErrors or Measured; the texts `commands` made the figure.
    """
    called, reading, choices = _PAPERS[name.partition("-")[0]]
    lines = [f"# {name}: {figure.TITLE}", "", f"![{figure.TITLE}]({name}.png)", ""]
    lines += [f"| claim | {called} | ours | verdict |", "|---|---|---|---|"]
    for claim, outcomes in _judged(figure, measured):
        ours = f"{_ours(outcomes)} | **{verdict(outcomes)}**"
        lines.append(f"| {claim.text} | {claim.source} | {ours} |")
    lines += ["", reading, "", *measured.table(figure), ""]
    lines += [f"What the {called} leaves open, and what is chosen here:", ""]
    lines += ["| question | choice |", "|---|---|"]
    for line in choices.strip().replace("\n    ", " ").replace("|", "\\|").split("\n"):
        lines.append("| {} | {} |".format(*line.split(": ", 1)))
    made = [f"    {command}" for command in commands]
    return "\n".join([*lines, "", "Made by:", "", *made, ""])


def summary(verdicts) -> str:
    """Return a table of all verdicts, [(figure, claim, verdict)]."""
    lines = ["# Verdicts", "", "| figure | claim | verdict |", "|---|---|---|"]
    lines += [f"| {name} | {claim} | **{found}** |" for name, claim, found in verdicts]
    return "\n".join([*lines, ""])


def verdicts(figure, measured) -> list:
    """Return the texts (claim, verdict) of each claim of a figure."""
    return [(claim.text, verdict(found)) for claim, found in _judged(figure, measured)]


def _judged(figure, measured):
    """Return [(claim, its outcomes for each family)] of a figure."""
    families = measured.by_family()
    return [(each, [each.outcomes(of) for of in families]) for each in figure.CLAIMS]


def _ours(families):
    """Return the numbers and states of each condition as text."""
    words = []
    for outcomes in zip(*families, strict=True):
        conditions, states, numbers = zip(*outcomes, strict=True)
        if not conditions[0]:
            words += numbers
            continue
        state = " / ".join(states)
        if len(states) > 1 and len(set(states)) == 1:
            state = f"{states[0]} for every seed"
        words.append(f"{conditions[0]}: {' / '.join(numbers)}: {state}")
    return "<br>".join(words)


def write(path, name, text, first=False):
    """Write a section into the page, at the end or first; it replaces an older one."""
    path = Path(path)
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    before, found, rest = page.partition(begin)
    after = rest.partition(end)[2] if found else ""
    if first:
        before, after = "", before + after
    with atomic_file(path) as file:
        file.write(f"{before}{begin}{text}\n{end}{after}")
