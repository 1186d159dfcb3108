# SPDX-License-Identifier: GPL-3.0-or-later
"""Keying: undone by its inverse, documented key stream, chunks, check values."""

import itertools
import math

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.complex_baseband import channel_uses, to_complex, to_reals
from advphy_model.link import keying
from advphy_model.link.keying import SEGMENT, TRANSFORMS, Keying
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from scipy import stats

SECRET = bytes(range(32))


def items(rng, batch, reals):
    return to_complex(rng.normal(size=(batch, reals)))


def words_of(transform, reals):
    """Return W of lib/keying/keying.h."""
    signs = math.ceil(reals / 32)
    return {
        "signs": signs,
        "sign_permutation": reals + signs,
        "rotation": 2 * ((reals + 1) ** 2 // 4),
    }[transform]


def documented_stream(purpose, transform, reals, index, size, nonce):
    """Return the bytes of one message by HMAC and one block of ChaCha20 at a time."""

    def hmac_of(key, data):
        mac = hmac.HMAC(key, hashes.SHA256())
        mac.update(data)
        return mac.finalize()

    info = f"gr-advphy keying 1, {purpose}, {transform}, {reals} reals".encode()
    key = hmac_of(hmac_of(nonce or bytes(32), SECRET), info + b"\x01")  # RFC 5869
    begin, found = index % 2**16 * size, b""
    for counter in range(begin // 64, (begin + size - 1) // 64 + 1):
        nonce = (index // 2**16).to_bytes(8, "little") + bytes(4)
        cipher = algorithms.ChaCha20(key, counter.to_bytes(4, "little") + nonce)
        found += Cipher(cipher, None).encryptor().update(bytes(64))
    return found[begin % 64 :][:size]


def test_permutation_and_signs_are_uniform():
    reals, count = 4, 24000
    x = to_complex(np.tile(np.arange(1.0, reals + 1), (count, 1)))
    out = to_reals(Keying("sign_permutation", SECRET, reals).apply(x, 0), reals)
    orders = {p: i for i, p in enumerate(itertools.permutations(range(1, reals + 1)))}
    found = [orders[tuple(row)] for row in np.abs(out).astype(int).tolist()]
    signs = (out < 0) @ (1 << np.arange(reals))
    joint = np.bincount(np.array(found) * 2**reals + signs, minlength=24 * 2**reals)
    assert stats.chisquare(joint).pvalue > 1e-3


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_inverse_undoes_and_keeps_the_norm(rng, transform):
    ours = Keying(transform, SECRET, 23)
    x = items(rng, 500, 23)
    y = ours.apply(x, 3)
    assert np.linalg.norm(y, axis=1) == pytest.approx(
        np.linalg.norm(x, axis=1), rel=1e-5
    )
    error = np.linalg.norm(ours.invert(y, 3) - x, axis=1)
    assert np.all(error < 1e-5 * np.linalg.norm(x, axis=1))
    assert not np.allclose(y[0], y[1])
    assert ours.apply(y, 3, out=y) is y  # in place


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_another_secret_gives_another_vector_of_the_same_norm(rng, transform):
    x = items(rng, 100, 23)
    y = Keying(transform, SECRET, 23).apply(x, 0)
    wrong = Keying(transform, SECRET[::-1], 23).invert(y, 0)
    norms = np.linalg.norm(x, axis=1)
    assert np.linalg.norm(wrong, axis=1) == pytest.approx(norms, rel=1e-5)
    assert np.all(np.linalg.norm(wrong - x, axis=1) > 0.1 * norms)


def test_padding_is_neither_read_nor_sent(rng):
    for transform in TRANSFORMS:
        ours, x = Keying(transform, SECRET, 23), items(rng, 40, 23)
        wanted = ours.apply(x, 0)
        x.imag[:, -1] = np.nan
        assert np.array_equal(ours.apply(x, 0), wanted)
        assert np.all(wanted.imag[:, -1] == 0)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("first", [0, SEGMENT - 700, 2**48 - SEGMENT - 9, 2**48])
def test_chunks_do_not_matter(rng, transform, first):
    ours, x = Keying(transform, SECRET, 7), items(rng, 1500, 7)
    whole, checks = ours.apply(x, first), ours.checks(first, 1500)
    at = 0
    for size in [1, 2, 15, 16, 17, 640, 9, 40, 0, 760]:
        if first + at <= 2**48:
            part = slice(at, at + size)
            assert np.array_equal(ours.apply(x[part], first + at), whole[part])
            assert np.array_equal(ours.checks(first + at, size), checks[part])
        at += size
    assert at == 1500


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("index", [0, 1, SEGMENT - 1, SEGMENT, 2**40 + 12345, 2**48])
@pytest.mark.parametrize("nonce", [b"", b"twelve bytes"])
def test_bytes_of_a_message_are_the_documented_ones(rng, transform, index, nonce):
    reals = 23
    ours, x = Keying(transform, SECRET, reals, nonce), items(rng, 1, reals)
    size = -(-4 * words_of(transform, reals) // 64) * 64
    stream = documented_stream("key stream", transform, reals, index, size, nonce)
    out = np.empty_like(x)
    words = np.frombuffer(stream, "<u4").astype(np.uint32)[None]
    kernels.keyed_transform(transform, reals).apply(words, x, out, False)
    assert np.array_equal(ours.apply(x, index), out)
    check = documented_stream("check", transform, reals, index, 8, nonce)
    assert ours.checks(index, 1)[0] == int.from_bytes(check, "little")


def test_the_counter_of_chacha20_cannot_overflow():
    most = kernels.LARGEST_KEYED
    largest = -(-4 * max(words_of(t, most) for t in TRANSFORMS) // 64)
    assert SEGMENT * largest < 2**32


def test_check_values_tell_secrets_transforms_and_indices_apart():
    ours = Keying("rotation", SECRET, 23).checks(5, 4000)
    assert ours.dtype == np.uint64
    assert len(np.unique(ours)) == 4000
    assert np.array_equal(ours, Keying("rotation", bytes(SECRET), 23).checks(5, 4000))
    for other in [
        Keying("rotation", SECRET[:-1] + b"\x00", 23),
        Keying("signs", SECRET, 23),
        Keying("rotation", SECRET, 22),
        Keying("rotation", SECRET, 23, bytes(range(12))),
    ]:
        assert not np.any(ours == other.checks(5, 4000))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"transform": "shift"}, "transform 'shift' is not known; choose from signs, "),
        ({"secret": bytes(31)}, "secret must be 32 bytes, got 31 bytes"),
        ({"secret": "x" * 32}, "secret must be 32 bytes, got str"),
        ({"reals": 0}, "reals must be a whole number in 1..1024.*got 0"),
        ({"reals": 1025}, "reals must be a whole number .*got 1025"),
        ({"reals": 2.5}, "reals must be a whole number .*got 2.5"),
        ({"reals": math.nan}, "reals must be a whole number .*got nan"),
        ({"nonce": b"short"}, "nonce must be 12 bytes.*got b'short'"),
        ({"reals": True}, "reals must be a whole number .*got True"),
    ],
)
def test_bad_settings_are_refused(changes, said):
    given = {"transform": "rotation", "secret": SECRET, "reals": 23, **changes}
    with pytest.raises(ValueError, match=said):
        Keying(**given)


def test_bad_arrays_and_indices_are_refused(rng):
    ours, x = Keying("rotation", SECRET, 23), items(rng, 4, 23)
    assert ours.n == channel_uses(23) == 12
    for bad in (x[0], x[:, :11], x.astype(complex), x.tolist()):
        with pytest.raises(ValueError, match=r"expected complex64 \[batch, 12\]"):
            ours.apply(bad, 0)
    with pytest.raises(ValueError, match="out has 3 rows, expected 4 as x has"):
        ours.apply(x, 0, out=x[:3])
    with pytest.raises(ValueError, match="C-contiguous"):
        ours.apply(x[:, ::-1], 0)
    for bad in (-1, 2**48 + 1, 0.5):
        with pytest.raises(ValueError, match="first_index"):
            ours.invert(x, bad)
        with pytest.raises(ValueError, match="first_index"):
            ours.checks(bad, 1)


def test_the_secret_is_not_shown():
    shown = repr(Keying("rotation", SECRET, 23))
    assert shown == "Keying('rotation', reals=23)"
    for secret in (b"sesame", "sesame"):
        with pytest.raises(ValueError, match="secret") as refused:
            Keying("rotation", secret, 23)
        assert "sesame" not in str(refused.value)


def test_more_messages_than_a_tile_holds(rng):
    tile = keying.TILE_BYTES // 1152
    ours, x = Keying("rotation", SECRET, 23), items(rng, 2 * tile + 5, 23)
    assert np.array_equal(ours.apply(x, 0)[-1:], ours.apply(x[-1:], 2 * tile + 4))
