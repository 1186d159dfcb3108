# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the kernels, alone and in the loop engine, and of the modem."""

import functools
import time

import numpy as np
from advphy_model import kernels
from advphy_model.link import decision, links
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.network import inference
from advphy_model.power import noise_sigma

EBN0_DB = 4.0
TILE = 4096  # messages
FRAMES = 400  # bursts of the modem
CALL = 32768  # samples in one call of the modem
# Vector instructions for 64 normals, times 16 lanes: 260 in the disassembled AVX-512
# loop of random_simd.cc (GCC 12).
NOISE_OPERATIONS = 260 * 16 / 64


def rate_of(work, amount, seconds=0.3):
    """Return the amount per second of calls of work(), measured over `seconds`."""
    work()
    calls, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < seconds:
        work()
        calls += 1
    return calls * amount / spent


def engine_rate(counted, setting, blocks):
    """Return messages per second of an engine, such as ranges.counted."""
    rule = StopRule(min_errors=None, max_blocks=blocks)
    rows = setting.rows("speed", 0)
    begun = time.perf_counter()
    *_, (row,) = counted(setting, rows, rule)
    return row.blocks / (time.perf_counter() - begun)


def loop_rate(model, blocks=20_000_000, threads=2):
    """Return messages per second of the loop engine, without GNU Radio."""
    with ranges.threads(threads) as workers:
        counted = functools.partial(ranges.counted, workers=workers)
        return engine_rate(counted, LinkSetting(model, EBN0_DB), blocks)


def decision_rate(model, batch):
    """Return decisions per second in batches on one thread."""
    y = np.zeros((batch, model.n), np.complex64)
    kernels.gaussian(1, 0, y)
    decided, erased = np.empty(batch, np.uint8), np.empty(batch, np.uint8)
    decide = decision.decider(model)
    return rate_of(lambda: decide.decide(y, decided, erased), batch)


def kernel_shares(model):
    """Return rows (kernel, M items/s, kind of limit, share of it) for one thread.

    Items are messages, but images of the network (784-64-64-23) of semantic_mnist, and
    the messages of autoencoder_cnn for the CNN.

    The arithmetic limit is the rate of multiply-adds in registers; each vector
    instruction of the noise counts as one. The memory limit is the rate at which numpy
    copies as many bytes in a buffer of the same size.
    """
    sent, decided = np.empty(TILE, np.uint8), np.empty(TILE, np.uint8)
    y, other = (np.empty((TILE, model.n), np.complex64) for _ in range(2))
    codebook, sigma = decision.encoder(model), noise_sigma(EBN0_DB, model.rate)
    kernels.messages(1, 0, model.k, sent)
    codebook.look_up(sent, y)
    copy_messages = rate_of(lambda: np.copyto(decided, sent), TILE)
    copy_vectors = rate_of(lambda: np.copyto(other, y), TILE)
    work = functools.partial(kernels.multiply_adds, 10000)
    multiply_adds = rate_of(work, work())
    decider = inference.kernel_network(model.networks["decoder"])
    operations = NOISE_OPERATIONS * 2 * model.n

    def rate_with(kernel, *arguments):
        return rate_of(lambda: kernel(*arguments), TILE)

    messages = rate_with(kernels.messages, 1, 0, model.k, sent)
    look_up = rate_with(codebook.look_up, sent, y)
    noise = rate_with(kernels.add_gaussian, 1, 0, sigma, y, other)
    decisions = decision_rate(model, TILE)
    count = rate_with(kernels.count_differences, sent, decided)
    cnn = links.load("autoencoder_cnn")
    cnn_limit = inference.kernel_network(cnn.networks["decoder"]).multiply_adds
    images = np.ones((TILE // 8, 784), np.float32)
    large = inference.kernel_network(SemanticLink.load("semantic_mnist").encoder)
    codes = np.empty((len(images), 23), np.float32)
    encoded = rate_of(lambda: large.run(images, codes), len(images))
    rows = (
        ("messages", messages, "memory", copy_messages),
        ("look-up", look_up, "memory", copy_vectors),
        ("noise", noise, "arithmetic", multiply_adds / operations),
        ("decision", decisions, "arithmetic", multiply_adds / decider.multiply_adds),
        ("image", encoded, "arithmetic", multiply_adds / large.multiply_adds),
        ("CNN", decision_rate(cnn, TILE), "arithmetic", multiply_adds / cnn_limit),
        ("count", count, "memory", copy_messages),
    )
    return [(name, rate / 1e6, kind, rate / limit) for name, rate, kind, limit in rows]


def modem_rates(samples_per_symbol=4) -> dict:
    """Return samples per second of processor time as {sending, searching, locked}.

    Sending is the modulator, a few bursts in a call; searching is the synchronizer in
    noise; locked is the synchronizer with equalizer in consecutive bursts at Es/N0 =
    6 dB.
    """
    model = links.load("two_simplices")
    frame = Frame.of_model(model, samples_per_symbol=samples_per_symbol)
    sent = np.empty(FRAMES * frame.codewords, np.uint8)
    kernels.messages(1, 0, model.k, sent)
    modulator, together = Modulator(frame, model), CALL // frame.samples()
    bursts = model.codebook[sent].reshape(FRAMES // together, -1, frame.n)
    begun = time.process_time()
    x = list(map(modulator.modulate, bursts))
    sending = FRAMES * frame.samples() / (time.process_time() - begun)
    x = np.concatenate(x) / np.float32(modulator.scale)
    noise = np.empty_like(x)
    kernels.gaussian(2, 0, noise)
    found = {"sending": sending}
    for name, y in (("searching", noise), ("locked", x + np.float32(0.35) * noise)):
        synchronizer = Synchronizer(frame, model)
        begun = time.process_time()
        for at in range(0, len(y), CALL):
            synchronizer.push(y[at : at + CALL])
        found[name] = len(y) / (time.process_time() - begun)
        frames = synchronizer.counts["received"]
        if frames != (FRAMES if name == "locked" else 0):
            raise RuntimeError(f"{name}: {frames} of {FRAMES} bursts were received")
    return found
