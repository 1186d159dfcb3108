# SPDX-License-Identifier: GPL-3.0-or-later
"""Coverage-guided fuzzing of the kernels by their bindings: make fuzz.

A kernel may refuse arguments by ValueError or TypeError. All else is a fault, as is
what AddressSanitizer or UndefinedBehaviorSanitizer reports.
"""

import sys

import atheris
import numpy as np
from advphy_model import kernels
from advphy_model.link import links
from advphy_model.modem import pulse
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator

ODD = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e38, -3e38, 1e-45], np.float32)
STEPS = "relu elu tanh sigmoid softmax l2_normalization scale keep recall add".split()


class Arguments(atheris.FuzzedDataProvider):
    """Arguments of kernels made of bytes that the fuzzer has chosen."""

    def size(self, most):
        """Return a small size, often a border of vectors."""
        return self.ConsumeIntInRange(0, most)

    def index(self):
        """Return a number of 64 bits, often close to a power of two."""
        near = 1 << self.ConsumeIntInRange(0, 63)
        return (near + self.ConsumeIntInRange(-64, 64)) % 2**64

    def floats(self, *shape):
        """Return float32 of a shape: normals, of which a few are odd."""
        random = np.random.default_rng(self.ConsumeInt(4) % 2**32)
        deviation = 10.0 ** self.ConsumeIntInRange(-20, 18)
        values = (random.standard_normal(shape) * deviation).astype(np.float32)
        for _ in range(min(self.size(4), values.size)):
            at = self.ConsumeIntInRange(0, values.size - 1)
            values.flat[at] = ODD[self.ConsumeIntInRange(0, len(ODD) - 1)]
        return values

    def samples(self, rows, n):
        """Return complex64 [rows, n]."""
        return self.floats(rows, 2 * n).view(np.complex64)

    def integers(self, count, kind):
        """Return integers of a type, any values."""
        bytes_ = self.ConsumeBytes(count * np.dtype(kind).itemsize)
        return np.resize(np.frombuffer(bytes_.ljust(8, b"\1"), kind), count)


def network(take):
    """Networks of any maps and steps."""
    features = take.size(20)
    net = kernels.network(features, take.ConsumeIntList(take.size(4), 1))
    for _ in range(take.size(5)):
        if take.ConsumeBool():
            positions, rows, channels = take.size(4), take.size(24), take.size(17)
            each = take.size(8)
            first = np.arange(positions + 1, dtype=np.int32) * each
            feature = take.integers(first[-1], np.uint8).astype(np.int32)
            row = take.integers(first[-1], np.uint8).astype(np.int32)
            if take.ConsumeBool():  # mostly valid
                feature, row = feature % max(features, 1), row % max(rows, 1)
            weight, bias = take.floats(channels, rows), take.floats(channels)
            net.add_affine(weight, bias, first, feature, row)
            features = positions * channels
        else:
            net.add_step(take.PickValueInList(STEPS), take.ConsumeFloatInRange(-9, 9))
    count = take.size(70)
    x, messages = take.floats(count, take.size(20)), np.empty(count, np.uint8)
    net.decide(x, messages, messages.copy())
    net.run(x, np.empty((count, features), np.float32))


def codes(take):
    """Codebooks, hard decisions, and counts of differences."""
    rows, n, count = take.size(17), take.size(9), take.size(70)
    out = np.empty((count, n), np.complex64)
    sent = take.integers(count, np.uint8)
    errors = np.empty(count)
    kernels.squared_error(take.floats(count, n), take.floats(count, n), errors)
    kernels.count_differences(sent, take.integers(count, np.uint8))
    hard = kernels.hard_decision(take.ConsumeIntListInRange(1 << n, 0, 255), n)
    hard.decide(take.samples(count, n), sent.copy(), sent.copy())
    book = kernels.codebook(take.samples(rows, n))
    book.look_up(sent % (rows + take.ConsumeBool()), out)


def randomness(take):
    """Random numbers at any index."""
    seed, first, out = take.index(), take.index(), np.empty(take.size(300), np.float32)
    kernels.gaussian(seed, first, out, take.ConsumeIntInRange(0, 2**32 - 1))
    again = np.empty_like(out[out.size // 3 :])
    kernels.gaussian(seed, (first + out.size // 3) % 2**64, again, 7)
    kernels.add_gaussian(seed, first, take.ConsumeFloat(), out, out)
    kernels.messages(seed, first, take.size(10), np.empty(out.size, np.uint8))
    words = np.empty(4 * take.size(40), np.uint32)
    kernels.random_words(seed, take.size(99), first, words)


def perturbation(take):
    """Adversaries of any switches."""
    rows, n, count = take.size(9), take.size(9), take.size(300)
    switches = "by_message book jammer random_shift random_phase random_sign "
    switches += "alternate_sign random_frequency rayleigh"
    how = {name: True for name in switches.split() if take.ConsumeBool()}
    for name in "frequency hold off_blocks on_blocks seed".split():
        if take.ConsumeBool():
            how[name] = take.index()
    adversary = kernels.perturbation(take.samples(rows, n), **how)
    y, sent = take.samples(count, n), take.integers(count, np.uint8)
    adversary.write(sent if take.ConsumeBool() else None, take.index(), y)
    adversary.add(sent % max(rows, 1), take.index(), y)


def impairments(take):
    """Rotations, products and interpolation."""
    count, table = take.size(100), np.zeros((513, 32), np.float32)
    x, y = take.samples(1, take.size(200))[0], np.empty(count, np.complex64)
    kernels.phasors(take.integers(count, np.uint32), y)
    kernels.multiply(y, take.samples(1, count)[0], y)
    values = np.array([take.ConsumeFloat() for _ in kernels.PATH_SETTINGS])
    start, step = take.index() >> take.size(63), take.index() >> take.size(63)
    kernels.interpolate(table, x, start, step, y)
    kernels.check_path(values, take.ConsumeFloat())


def canceller(take):
    """Blind estimates of any windows."""
    messages, n, sampled = take.size(17), take.size(8), 16 * take.size(3)
    families = [
        (
            take.size(4),
            [
                (take.size(9), complex(take.ConsumeFloatInRange(-2, 2), 1))
                for _ in range(take.size(3))
            ],
            take.ConsumeFloatInRange(-9, 99),
        )
        for _ in range(take.size(3))
    ]
    code = take.samples(messages, n)
    blind = kernels.canceller(code, families, sampled, take.size(4))
    past = None
    for _ in range(2):
        y = take.samples(sampled * take.size(3), n)
        known = take.samples(len(y), n) if take.ConsumeBool() else None
        past = blind.find(y, past, take.ConsumeFloatInRange(0, 1), 9.0, known)
        assert past.p.shape[1] == n
        blind.subtract(past, y)


def keying(take):
    """Keyed transforms, whose inverse gives back what went in."""
    transform = kernels.keyed_transform(
        take.PickValueInList([*kernels.KEYED_TRANSFORMS, "none"]), take.size(1030)
    )
    count, reals = take.size(20), take.size(1030)
    words = take.integers(count * transform.words, np.uint32).reshape(count, -1)
    x = take.floats(count, reals + reals % 2)
    out, back = np.empty_like(x), np.empty_like(x)
    transform.apply(words, x, out, False)
    transform.apply(words, out, back, True)
    norm = np.abs(x).max(initial=0)
    if norm < 1e18 and norm > 1e-18:
        assert np.allclose(back, x, rtol=0, atol=1e-4 * norm * max(1, reals) ** 0.5)


def header(take):
    """Headers of bursts, from bytes and from symbols."""
    symbols = np.empty(kernels.HEADER_SYMBOLS, np.complex64)
    kernels.decode_header(take.samples(1, len(symbols))[0])
    kernels.encode_header(take.ConsumeBytes(16).ljust(16), symbols)
    kernels.decode_header(symbols)


MODEL = links.load("autoencoder_mlp")
FRAME = Frame.of_model(MODEL, codewords=8)
SENT = Modulator(FRAME, MODEL).modulate(MODEL.codebook)
LAYOUT, HASH = pulse.kernel_layout(FRAME, 64), bytes.fromhex(MODEL.sha256[:8])


def bursts(take):
    """The synchronizer, on bursts with gaps, scales and odd samples."""
    receiver = kernels.burst_synchronizer(
        LAYOUT, take.ConsumeFloatInRange(0.05, 1), take.ConsumeBool(), 1e-3,
        take.PickValueInList([b"", HASH, b"nope"]), take.ConsumeBool(),
    )  # fmt: skip
    if take.ConsumeBool():
        names = [take.ConsumeBytes(44).ljust(44) for _ in range(take.size(3))]
        receiver.expect(names, take.ConsumeFloat())
    for _ in range(take.size(6)):
        at, noise = take.size(len(SENT)), take.floats(take.size(3000))
        x = SENT[at : at + take.size(len(SENT))] * np.float32(take.ConsumeFloat())
        added = noise[: noise.size // 2 * 2].view(np.complex64)[: len(x)]
        x[: len(added)] += added
        codewords, found = receiver.push(x)
        assert len(codewords) == 7 * sum(burst[0][1] for burst in found)
    taps, sps = take.floats(take.size(40)), take.size(9)
    symbols = take.samples(take.size(3), take.size(40))
    out = np.empty((len(symbols), symbols.shape[1] * sps), np.complex64)
    kernels.shape_pulses(symbols, taps, sps, take.ConsumeFloat(), out)


TARGETS = (network, codes, randomness, perturbation, impairments, canceller, keying,
           header, bursts)  # fmt: skip


def main():
    """Fuzz the kernel that the first argument names; the others are libFuzzer's."""
    target = {one.__name__: one for one in TARGETS}[sys.argv.pop(1)]

    def once(data):
        take = Arguments(data)
        kernels.choose_instruction_set(take.PickValueInList(kernels.instruction_sets()))
        try:
            with np.errstate(all="ignore"):
                target(take)
        except (ValueError, TypeError):
            pass

    atheris.Setup(sys.argv, once, internal_libfuzzer=False)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
