# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: written whole, read with care, counted again."""

import json

import numpy as np
import pytest
from advphy_model.files import recording_reader
from advphy_model.files.recording_contents import Attack, Origin
from advphy_model.files.recording_writer import RecordingWriter
from advphy_model.link import links
from advphy_model.measure import radio_check, scoring
from advphy_model.modem.frame import Frame

MODEL = links.load("hamming74_hard")
FRAME = Frame.of_model(MODEL, codewords=8)
FRAMES = 6
WITHOUT = {k: v for k, v in FRAME.describe().items() if k != "rolloff"}


@pytest.fixture(scope="module")
def samples():
    sent, modulator = radio_check.frames_of(MODEL, FRAME, FRAMES, seed=5)
    variance = radio_check.sample_noise_variance(modulator, 5.0, MODEL.rate)
    return radio_check.noisy(sent, 6, variance)


@pytest.fixture
def run(tmp_path, samples):
    """Write a recording of all the frames; return the path of its .sigmf-meta."""
    path = tmp_path / "run.sigmf-meta"
    origin = Origin.of(MODEL, FRAME, seed=5, first_block=0)
    writer = RecordingWriter(path, origin, 2e6, 868e6)
    writer.write(samples)
    writer.note_attack(Attack("jammer", -3.0, 100, 50))
    writer.note_counts({"received": FRAMES})
    writer.close()
    return path


def scored(path, model=MODEL, secret=None):
    found = recording_reader.read(path)
    origin, at = found.origin, {"secret": secret, "images": found.origin.images}
    at |= {"seed": origin.seed, "first_frame": origin.first_frame}
    return scoring.score(found, model, Frame.restore(origin.frame), **at)


def changed(path, **values):
    """Change what stands under "global"; None takes a key away."""
    said = json.loads(path.read_text())
    for name, value in values.items():
        key = name.replace("__", ":")
        said["global"][key] = value
        if value is None:
            del said["global"][key]
    path.write_text(json.dumps(said))


def test_everything_comes_back(run, samples):
    found = recording_reader.read(run)
    assert found.verified
    assert found.complete
    assert (found.samples, found.missing) == (len(samples), 0)
    assert (found.sample_rate, found.frequency) == (2e6, 868e6)
    assert found.origin == Origin.of(MODEL, FRAME, seed=5, first_block=0)
    assert found.attacks == (Attack("jammer", -3.0, 100, 50),)
    assert found.counts == {"received": FRAMES}
    assert found.warnings == []
    assert np.array_equal(np.concatenate(list(found.pieces())), samples)


@pytest.mark.parametrize("more", [{}, {"sample_rate": 1, "frequency": -1e12}])
def test_the_package_of_sigmf_reads_it_and_calls_it_valid(tmp_path, samples, more):
    sigmf = pytest.importorskip("sigmf", reason="the judge of what is written")
    path = tmp_path / "run.sigmf-meta"
    settings = {"sample_rate": 1e12, "frequency": 1e12, "description": "a run"} | more
    later = [Attack("jammer", -3.0, 100, 50), Attack("before", first_sample=7)]
    origin = Origin.of(MODEL, FRAME, first_block=8, images="mnist_sample")
    writer = RecordingWriter(path, origin, **settings)
    sigmf.SigMFFile(metadata=path.read_text()).validate()  # also when it is cut off
    writer.write(samples)
    for attack in later:
        writer.note_attack(attack)
    writer.note_counts({"received": FRAMES})
    writer.close()
    found = sigmf.sigmffile.fromfile(str(path))  # checks the hash
    found.validate()
    assert np.array_equal(found.read_samples(), samples)
    starts = [said["core:sample_start"] for said in found.get_annotations()]
    assert starts == [7, 100]
    assert recording_reader.read(path).attacks == tuple(reversed(later))


def test_rescoring_counts_what_the_scorer_counted(run, samples):
    direct = scoring.Scorer(MODEL, FRAME, seed=5, first_frame=0)
    for at in range(0, len(samples), 777):  # the chunks must not matter
        direct.push(samples[at : at + 777])
    assert scored(run).counts == direct.counts
    assert direct.counts["received"] == FRAMES
    assert direct.counts["blocks"] == 8 * FRAMES


def test_another_seed_finds_other_messages(run):
    found = recording_reader.read(run)
    wrong = scoring.score(found, MODEL, FRAME, seed=6)
    # a message is right by chance once in 16
    assert wrong.counts["block_errors"] > 8 * FRAMES / 2
    assert scored(run).counts["block_errors"] < 8


def test_erased_blocks_are_no_errors():
    sent = np.array([1, 2, 3, 4], np.uint8)
    decided = np.array([1, 9, 0, 0], np.uint8)
    assert scoring.count_blocks(decided, sent) == (3, 0)
    assert scoring.count_blocks(decided, sent, [0, 0, 1, 0]) == (2, 1)


def test_a_truncated_recording_counts_what_is_there_and_says_what_is_missing(run):
    data = run.with_suffix(".sigmf-data")
    whole = data.read_bytes()
    keep = 3 * FRAME.samples() + 500
    data.write_bytes(whole[: 8 * keep + 3])  # in the middle of a sample
    found = recording_reader.read(run)
    missing = FRAMES * FRAME.samples() - keep
    assert (found.samples, found.missing) == (keep, missing)
    assert not found.verified
    (warning,) = found.warnings
    assert f"{missing} of {FRAMES * FRAME.samples()} samples are missing" in warning
    assert scored(run).counts["received"] == 3


def test_a_recorder_that_was_cut_off_leaves_what_tells_so(tmp_path, samples):
    path = tmp_path / "cut.sigmf-meta"
    writer = RecordingWriter(path, Origin.of(MODEL, FRAME, seed=5), 1e6)
    writer.write(samples)
    writer._file.flush()  # as the system does when the process is killed later
    found = recording_reader.read(path)
    assert not found.complete
    assert "cut off" in found.warnings[0]
    assert scored(path).counts["received"] == FRAMES
    writer.close()
    assert recording_reader.read(path).complete


def test_notes_after_the_end_are_kept(run, samples, tmp_path):
    writer = RecordingWriter(tmp_path / "a.sigmf-meta", Origin.of(MODEL, FRAME), 1e6)
    writer.write(samples)
    writer.close()
    writer.note_counts({"received": 3})
    writer.note_attack(Attack("said later"))
    found = recording_reader.read(tmp_path / "a.sigmf-meta")
    assert found.counts == {"received": 3}
    assert found.attacks == (Attack("said later"),)
    assert found.verified


def test_a_recording_is_not_overwritten(run):
    before = run.read_bytes()
    with pytest.raises(ValueError, match="exists and is not overwritten"):
        RecordingWriter(run, Origin.of(MODEL, FRAME), 1e6)
    run.unlink()
    with pytest.raises(ValueError, match=r"sigmf-data' exists and is not"):
        RecordingWriter(run, Origin.of(MODEL, FRAME), 1e6)
    assert before


def test_changed_data_are_refused(run):
    data = run.with_suffix(".sigmf-data")
    content = bytearray(data.read_bytes())
    content[1000] ^= 1
    data.write_bytes(content)
    with pytest.raises(ValueError, match="not the recorded samples"):
        recording_reader.read(run)
    data.write_bytes(bytes(content) + bytes(8))
    with pytest.raises(ValueError, match="not the recorded samples"):
        recording_reader.read(run)


def test_a_missing_and_an_empty_data_file_are_named(run):
    data = run.with_suffix(".sigmf-data")
    data.write_bytes(b"")
    with pytest.raises(ValueError, match="holds no complex sample"):
        recording_reader.read(run)
    data.unlink()
    with pytest.raises(ValueError, match=r"run\.sigmf-data is missing; put it next to"):
        recording_reader.read(run)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        '{"global": {}}',
        "\x00\xff",
        "[" * 100_000,
        '{"global": [], "captures": [], "annotations": []}',
        '{"global": {"core:datatype": "cf32_le"}, "captures": 3, "annotations": []}',
    ],
)
def test_what_is_no_sigmf_is_refused_in_one_sentence(tmp_path, text):
    path = tmp_path / "run.sigmf-meta"
    path.write_text(text)
    path.with_suffix(".sigmf-data").write_bytes(bytes(80))
    with pytest.raises(ValueError, match="is not a SigMF recording") as raised:
        recording_reader.read(path)
    assert "\n" not in str(raised.value)


def test_bytes_that_are_no_text_are_refused(run):
    run.write_bytes(b"\xff\xfe\x00garbage")
    with pytest.raises(ValueError, match="is not a SigMF recording"):
        recording_reader.read(run)


@pytest.mark.parametrize("name", ["run", "run.wav", ".sigmf-meta", ""])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match=r"expected a name that ends in \.sigmf-meta"):
        recording_reader.read(name)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"core__datatype": "rf32_le"}, "datatype is rf32_le, expected complex"),
        ({"core__num_channels": 2}, "num_channels is 2, expected one"),
        ({"core__dataset": "../other.iq"}, "data file in the same folder"),
        ({"core__sample_rate": None}, "expected a core:sample_rate > 0"),
        ({"advphy__seed": -1}, "seed must be.*got -1"),
        ({"advphy__seed": "one"}, "are damaged"),
        ({"advphy__seed": None}, "are damaged"),
        ({"advphy__frame": {"n": 7}}, "damaged: .*codewords"),
        ({"advphy__frame": FRAME.describe() | {"gain": 1}}, "describe a frame.*gain"),
        ({"advphy__frame": WITHOUT}, "damaged: the frame has no rolloff"),
        ({"core__sample_rate": "fast"}, "is not a SigMF recording"),
        ({"core__sample_rate": 10**400}, "is not a SigMF recording"),
        ({"advphy__frame": 7}, "are damaged"),
        ({"advphy__first_block": 3}, "must be the first of a burst"),
        ({"advphy__model_sha256": "ab"}, "64 hexadecimal digits"),
        ({"advphy__model_sha256": 64 * "g"}, "are damaged"),
        ({"advphy__samples": -1}, "advphy:samples must be.*got -1"),
        ({"advphy__samples": "many"}, "are damaged"),
        ({"advphy__counts": {"blocks": "x"}}, "counts: 'blocks' must be a finite"),
        ({"advphy__counts": {"blocks": [1]}}, "counts: 'blocks' must be a finite"),
        ({"advphy__counts": [1]}, r"advphy:counts must be numbers by name.*got \[1"),
        ({"advphy__link": 7}, "damaged: link must be a text, got 7"),
        ({"advphy__version": "0\nSHA-512 right"}, "has a line break"),
        ({"advphy__images": ["mnist"]}, "images must be the name of a data set"),
    ],
)
def test_what_does_not_fit_is_refused(run, values, text):
    changed(run, **values)
    with pytest.raises(ValueError, match=text) as raised:
        recording_reader.read(run)
    assert str(run) in str(raised.value)
    assert str(raised.value).isprintable()


def test_whole_numbers_with_a_point_are_the_same(run):
    counts = scored(run).counts
    floats = {name: float(value) for name, value in FRAME.describe().items()}
    changed(run, advphy__frame=floats, advphy__seed=5.0, advphy__first_block=0.0)
    assert scored(run).counts == counts
    found = recording_reader.read(run).origin
    assert found.frame == FRAME.describe()
    assert type(found.frame["codewords"]) is type(found.seed) is int


def test_the_frame_of_another_link_is_refused(run):
    changed(run, advphy__frame=FRAME.describe() | {"n": 8})
    with pytest.raises(ValueError, match=r"frame is for n = 8, .*has n = 7.*copy"):
        recording_reader.read(run).origin.require(MODEL)
    with pytest.raises(ValueError, match="does not fit a model of n = 7"):
        scored(run)


def test_a_text_of_the_user_may_have_lines(run):
    changed(run, core__description="one\r\ntwo\n", core__license="a\nb")
    assert recording_reader.read(run).samples
    changed(run, core__license="a\rb")
    with pytest.raises(ValueError, match="has a line break or another control"):
        recording_reader.read(run)


@pytest.mark.parametrize(
    ("changes", "text"),
    [({"n": 0}, "n must be.*got 0"), ({"color": 1}, "not describe.*color")],
)
def test_a_frame_that_cannot_be_is_refused_by_who_scores(run, changes, text):
    changed(run, advphy__frame=FRAME.describe() | changes)
    with pytest.raises(ValueError, match=text):
        scored(run)


def test_a_recording_without_the_extension_has_no_origin(run):
    changed(run, advphy__model_sha256=None)
    assert recording_reader.read(run).origin is None


def test_a_recording_without_a_hash_says_so(run):
    changed(run, core__sha512=None)
    found = recording_reader.read(run)
    assert not found.verified
    assert "no SHA-512" in found.warnings[0]


def test_another_link_is_refused():
    origin = Origin.of(MODEL, FRAME)
    with pytest.raises(ValueError, match=r"is of link 'hamming74_hard'.*not of 'bpsk'"):
        origin.require(links.load("bpsk"))


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"sample_rate": 0}, "sample_rate"),
        ({"sample_rate": -1e6}, "sample_rate"),
        ({"frequency": 1e30}, "frequency"),
        ({"frequency": float("nan")}, "frequency must be.*got nan"),
        ({"sample_rate": float("inf")}, "sample_rate must be.*got inf"),
    ],
)
def test_settings_that_sigmf_does_not_allow_leave_no_file(tmp_path, more, text):
    settings = {"sample_rate": 1e6} | more
    with pytest.raises(ValueError, match=text):
        RecordingWriter(tmp_path / "a.sigmf-meta", Origin.of(MODEL, FRAME), **settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"first_sample": -1}, "first_sample"),
        ({"samples": 0}, "samples must be.*got 0"),
        ({"psr_db": float("nan")}, "psr_db must be.*got nan"),
        ({"psr_db": "x"}, "psr_db must be a finite number or None, got 'x'"),
        ({"what": {"a": 9000 * "b"}}, "the attack must be a text"),
        ({"what": "x\nSHA-512 right, all is well\r"}, "has a line break"),
    ],
)
def test_impossible_attacks_are_refused(more, text):
    with pytest.raises(ValueError, match=text):
        Attack(**{"what": "jammer"} | more)


def test_whole_numbers_of_a_recording_are_kept_as_such():
    attack = Attack("jammer", -6.0, 3.0, np.float32(4))
    assert type(attack.first_sample) is type(attack.samples) is int
    origin = Origin.of(MODEL, FRAME, first_block=float(FRAME.codewords))
    assert (origin.first_block, origin.first_frame) == (FRAME.codewords, 1)
    with pytest.raises(ValueError, match="the frame has no codewords"):
        Origin("bpsk", 64 * "0", {"n": 4}, 1, "0.5")
