# SPDX-License-Identifier: GPL-3.0-or-later
"""The robustness report: report.md, report.json, two figures and the counts."""

import dataclasses
import json
from pathlib import Path

from advphy_figures import robustness
from advphy_model.atomic_file import atomic_file
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.version import __version__

from advphy_training.evaluate import checks
from advphy_training.evaluate.checks.attack import bound
from advphy_training.evaluate.checks.finding import rate, show

SENTENCES = {
    "clean": "no attack",
    "noise_jammer": "noise jammer of equal power, the reference",
    "universal_fgm": "universal FGM, best of the restarts [sadeghi, Alg. 1]",
    "universal_pgd": "universal PGD, white box, crafted for this link and this Eb/N0",
    "black_box": "universal PGD crafted on the substitutes",
    "twin": "universal PGD crafted on the nearest codeword of the same codebook",
    "stored": "universal PGD crafted at one Eb/N0 and kept",
    "fgm": "one step of FGM per message",
    "per_message_pgd": "PGD per message: upper bound, knows the message",
    "per_sample_pgd": "PGD per block: knows message and noise",
    "generator": "a trained generator network, per message",
    "generator_universal": "a trained generator network, universal",
    "half_restarts": "universal PGD, half of the restarts, another seed",
    "nearest_codeword_clean": "own codebook, nearest codeword, no attack",
    "canceller": "universal PGD, canceller in front of the decoder",
    "claimed": "the perturbation that the link is said to resist",
    "nearest_codeword": "own codebook, nearest codeword, attacked for itself",
    "hamming74_hard": "Hamming (7,4) hard decision, attacked for itself",
    "hamming74_ml": "Hamming (7,4) maximum likelihood, attacked for itself",
    "two_simplices": "two simplices, nearest codeword, attacked for itself",
}
_OVER_PSR = {  # role: label
    "per_message_pgd": "PGD per message (bound)",
    "fgm": "FGM per message",
    "universal_pgd": "universal PGD",
    "twin": "PGD on nearest codeword",
    "universal_fgm": "universal FGM",
    "noise_jammer": "noise jammer",
    "nearest_codeword": "nearest codeword, own PGD",
}
_CERTIFIED = ("ebn0_db", "psr_db", "universal", "per_message")
_OVER_EBN0 = {
    "clean": "no attack",
    "stored": "universal PGD, kept",
    "universal_pgd": "universal PGD, crafted anew",
}


def write(evaluation, folder, command) -> dict:
    """Write report.md, report.json, counts.csv and two figures; return the report.

    The report shows the command that repeats it. The folder exists.
    """
    folder = Path(folder)
    findings = checks.findings(evaluation)
    rows = {row.setting: row for row in evaluation.counts.values()}  # no duplicates
    table.write(folder / "counts.csv", list(rows.values()), Counts)
    _draw(evaluation, folder)
    report = _as_json(evaluation, findings, command)
    with atomic_file(folder / "report.json") as file:
        json.dump(report, file, indent=1)
    with atomic_file(folder / "report.md") as file:
        file.write(_as_markdown(evaluation, findings, command))
    return report


def _draw(evaluation, folder):
    link, ebn0_db = evaluation.link, evaluation.ebn0_db

    def draw(found, labels, *rest):
        curves = {
            label: {x: (row.failures, row.blocks) for x, row in found(role).items()}
            for role, label in labels.items()
        }
        robustness.draw({k: points for k, points in curves.items() if points}, *rest)

    psrs = sorted(evaluation.over_psr("universal_pgd"))
    clean = evaluation.at("clean")
    limits = {p: bound(link, ebn0_db, p) for p in psrs}
    proven = {p: evaluation.certified[ebn0_db, p][0] for p in psrs}
    lines = [
        ("clean", dict.fromkeys(psrs, max(rate(clean).value, 1 / clean.blocks))),
        ("minimum-distance bound", limits),
        ("chance, 1 - 1/M", dict.fromkeys(psrs, 1 - 1 / link.M)),
        ("certified, universal", proven),
    ]
    title = f"{link.name} at Eb/N0 {ebn0_db:g} dB"
    path = folder / "over_psr.png"
    draw(evaluation.over_psr, _OVER_PSR, path, "PSR [dB]", title, lines)
    title = f"{link.name} at PSR {evaluation.psr_db:g} dB"
    path = folder / "over_ebn0.png"
    draw(evaluation.over_ebn0, _OVER_EBN0, path, "Eb/N0 [dB]", title)


def _as_json(evaluation, findings, command):
    link, asdict = evaluation.link, dataclasses.asdict
    return {
        "link": link.name,
        "model_sha256": link.sha256,
        "ebn0_db": evaluation.ebn0_db,
        "psr_db": evaluation.psr_db,
        "version": __version__,
        "command": command,
        "trusted": all(finding.passed for finding in findings),
        "checks": [asdict(finding) for finding in findings],
        "gradients": evaluation.gradients,
        "certified": [
            dict(zip(_CERTIFIED, (*at, *bounds), strict=True))
            for at, bounds in sorted(evaluation.certified.items())
        ],
        "results": [
            {"role": role, "bler": row.failures / row.blocks, **asdict(row)}
            for (role, _, _), row in evaluation.counts.items()
        ],
    }


def _as_markdown(evaluation, findings, command):
    link = evaluation.link
    doubts = [finding.name for finding in findings if not finding.passed]
    verdict = f"All {len(findings)} checks of these figures passed."
    if doubts:
        verdict = f"{len(doubts)} of {len(findings)} checks of these figures failed: "
        verdict += ", ".join(doubts)
    parts = [
        f"# Robustness of {link.name}",
        f"SHA-256 {link.sha256}; k = {link.k}, n = {link.n}, decision {link.decision}; "
        f"gr-advphy {__version__}.",
        f"    {command}",
        f"**{verdict}**",
        f"## At Eb/N0 {evaluation.ebn0_db:g} dB, PSR {evaluation.psr_db:g} dB",
        _table(evaluation),
        "Rates with 95 % Wilson intervals. PSR is the mean ||p||^2 / n at the "
        "receiver; the noise is the same in every row.",
        "## Over PSR",
        "![BLER over PSR](over_psr.png)",
        "## Over Eb/N0",
        "![BLER over Eb/N0](over_ebn0.png)",
        "## Certificate",
        _certificate(evaluation),
        "Upper bounds on the BLER under any perturbation of this power that does not "
        "depend on the noise. At one Eb/N0 they hold together with 95 % confidence.",
        "## Checks",
    ]
    for finding in findings:
        mark = "passed" if finding.passed else "DISTRUST"
        parts += [f"### {finding.name}: {mark}", f"{finding.numbers}.", finding.why]
    return "\n\n".join(parts) + "\n"


def _certificate(evaluation):
    lines = ["| Eb/N0 | PSR | found | universal | per message |", "|---" * 5 + "|"]
    for (ebn0_db, psr_db), bounds in sorted(evaluation.certified.items()):
        row = evaluation.counts.get(("universal_pgd", ebn0_db, psr_db))
        if row is not None:
            rates = f"{rate(row).value:.2e} | {bounds[0]:.2e} | {bounds[1]:.2e}"
            lines.append(f"| {ebn0_db:g} dB | {psr_db:g} dB | {rates} |")
    return "\n".join(lines)


def _table(evaluation):
    lines = ["| what | BLER | blocks | errors |", "|---|---|---|---|"]
    for (role, ebn0_db, psr), row in evaluation.counts.items():
        what = SENTENCES.get(role, role.replace("_", " "))
        if role.startswith("control "):
            what = f"`{role.partition(' ')[2]}`, attacked for itself"
        if ebn0_db == evaluation.ebn0_db and psr in (None, evaluation.psr_db):
            lines.append(f"| {what} | {show(row)} | {row.blocks} | {row.failures} |")
    return "\n".join(lines)
