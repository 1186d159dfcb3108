# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream's link, seed and images are those of the blocks after the sender."""

import pmt
import pytest
from advphy_model.link import links
from gnuradio import advphy, blocks, gr, zeromq

LINK, OTHER = "autoencoder_mlp", "gan_mlp"  # of the same k and n
SEMANTIC = "paired_arn_white"
ITEMS = 640


def link(*received, encoder=LINK, counter=LINK, seed=1, sent=False):
    """Return (flowgraph, error counter) of a link with blocks before the decoder."""
    flowgraph, at = advphy.top_block(), {"blocks": ITEMS}
    source = advphy.message_source(LINK, **at)
    counted = advphy.error_counter(counter, seed)
    chain = source, advphy.encoder(encoder), *received
    flowgraph.connect(*chain, advphy.decoder(LINK), counted)
    if sent:
        flowgraph.connect(source, (counted, 1))
    return flowgraph, counted


def semantic(*received, encoder="semantic_mnist", shown="mnist_sample"):
    """Return the flowgraph of a semantic link, by default of an encoder of its base."""
    flowgraph = advphy.top_block()
    chain = advphy.image_source(frames=64), advphy.semantic_encoder(encoder), *received
    decoder = advphy.semantic_decoder(SEMANTIC)
    flowgraph.connect(*chain, decoder, advphy.distortion_meter(shown))
    return flowgraph


def other_images():
    sample = advphy.images.load("mnist_sample")
    return advphy.images.Images("reversed", sample.pixels[::-1].copy(), sample.labels)


def modulator(model=LINK, seed=None):
    frame = advphy.Frame.of_model(LINK, codewords=64)
    return advphy.burst_modulator(model, frame, seed=seed), frame


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (
            lambda: link(encoder=OTHER)[0],
            r"decoder\d+ has link autoencoder_mlp, but encoder\d+ sends link gan_mlp; "
            "give both blocks the same link",
        ),
        (lambda: link(counter=OTHER)[0], r"error_counter\d+ has link gan_mlp, but enc"),
        (
            lambda: link(seed=2)[0],
            r"error_counter\d+ has seed 2 for 4 bits, but message_source\d+ sends seed "
            "1 for 4 bits; give both blocks the same seed",
        ),
        (
            lambda: link(advphy.perturbation_canceller(OTHER, window=64, sample=64))[0],
            r"perturbation_canceller\d+ has link gan_mlp, but encoder",
        ),
        (
            lambda: link(blocks.throttle(56, 1e6), encoder=OTHER)[0],
            r"decoder\d+ has link autoencoder_mlp, but encoder\d+ sends link gan_mlp",
        ),
        (
            lambda: semantic(encoder="keyed_arn"),
            r"semantic_decoder\d+ has link paired_arn_white, but semantic_encoder\d+ "
            "sends link keyed_arn; give both blocks the same link",
        ),
        (
            lambda: semantic(advphy.alice_arn("minmax_arn"), encoder="keyed_arn"),
            r"alice_arn\d+ has link minmax_arn, but semantic_encoder",
        ),
        (
            lambda: semantic(shown=other_images()),
            r"distortion_meter\d+ has images reversed, but image_source\d+ sends "
            "images mnist_sample; give both blocks the same images",
        ),
    ],
)
def test_a_sender_with_another_link_seed_or_images_ends_the_flowgraph(made, error):
    with pytest.raises(ValueError, match=error):
        made().run()


@pytest.mark.parametrize("key", ["origin", "advphy_origin"])
def test_foreign_tags_are_ignored(key):
    for value in ({"x": 1.0}, "there", 3):
        tag = gr.tag_utils.python_to_tag((0, pmt.intern(key), pmt.to_pmt(value)))
        foreign = blocks.vector_source_b([1, 2], vlen=1, tags=[tag])
        flowgraph, encoder = advphy.top_block(), advphy.encoder(LINK)
        flowgraph.connect(foreign, encoder, advphy.decoder(LINK), blocks.null_sink(1))
        flowgraph.run()
        assert encoder.nitems_written(0) == 2


def through_bursts(encoder=LINK, model=LINK, decoder=LINK, seed=None):
    flowgraph = advphy.top_block()
    modulated, frame = modulator(model, seed)
    flowgraph.connect(
        advphy.message_source(LINK, blocks=ITEMS),
        advphy.encoder(encoder),
        modulated,
        advphy.burst_synchronizer(model, frame),
        advphy.decoder(decoder),
        advphy.error_counter(decoder),
    )
    return flowgraph


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"encoder": OTHER}, r"burst_modulator\d+ has link .*, but encoder\d+ sends"),
        ({"decoder": OTHER}, r"gan_mlp, but burst_synchronizer\d+ sends link autoenc"),
        ({"seed": 3}, r"burst_modulator\d+ has seed 3 .*, but message_source"),
    ],
)
def test_bursts_carry_on_whose_codewords_they_are(given, error):
    with pytest.raises(ValueError, match=error):
        through_bursts(**given).run()
    through_bursts(seed=1).run()


def test_links_of_the_same_codewords_go_together():
    for pair in (LINK, f"{LINK}:nearest_codeword"), ("hamming74_ml", "hamming74_hard"):
        assert len({links.load(name).code_sha256 for name in pair}) == 1
    flowgraph, counted = link(counter=f"{LINK}:nearest_codeword")
    flowgraph.run()
    assert counted.segments()[-1].blocks == ITEMS


def test_sent_messages_that_are_connected_need_no_seed():
    flowgraph, counted = link(seed=2, sent=True)
    flowgraph.run()
    assert counted.segments()[-1].block_errors == 0


def test_an_interferer_and_a_perturbation_of_a_substitute_are_no_error():
    flowgraph, added = advphy.top_block(), blocks.add_vcc(7)
    channel, counted = advphy.channel(LINK, 8.0), advphy.error_counter(LINK)
    weak = blocks.multiply_const_vcc([0.1] * 7)
    interferer = advphy.message_source(OTHER, seed=9, blocks=ITEMS)
    flowgraph.connect(interferer, advphy.encoder(OTHER), weak, (added, 0))
    sent = advphy.message_source(LINK, blocks=ITEMS), advphy.encoder(LINK)
    flowgraph.connect(*sent, (added, 1))
    flowgraph.connect(added, channel, advphy.decoder(LINK), counted)
    adversary = advphy.perturbation_source(OTHER, "universal_pgd_gan_mlp", -12)
    flowgraph.connect(adversary, (channel, 1))
    flowgraph.run()
    assert counted.bler() < 0.2


def test_a_file_has_no_origin_and_is_not_checked(tmp_path):
    path = str(tmp_path / "codewords.c64")
    flowgraph, sink = advphy.top_block(), blocks.file_sink(56, path)
    source = advphy.message_source(OTHER, blocks=ITEMS)
    flowgraph.connect(source, advphy.encoder(OTHER), sink)
    flowgraph.run()
    sink.close()
    flowgraph, counted = advphy.top_block(), advphy.error_counter(LINK, 5)
    source = blocks.file_source(56, path, False)
    flowgraph.connect(source, advphy.decoder(LINK), counted)
    flowgraph.run()
    assert counted.segments()[-1].blocks == ITEMS


def test_a_constellation_is_not_drawn_over_another_codebook():
    flowgraph, encoder = advphy.top_block(), advphy.encoder(LINK)
    flowgraph.connect(advphy.message_source(LINK, blocks=ITEMS), encoder)
    flowgraph.connect(encoder, advphy.constellation_sink(OTHER))
    with pytest.raises(ValueError, match=r"constellation_sink\d+ has link gan_mlp, bu"):
        flowgraph.run()


def test_zmq_carries_the_origin_with_its_tags(tmp_path):
    flowgraph, address = advphy.top_block(), f"ipc://{tmp_path}/codewords"
    source = advphy.message_source(OTHER, blocks=ITEMS)
    sink = zeromq.push_sink(8, 7, address, 100, True)
    flowgraph.connect(source, advphy.encoder(OTHER), sink)
    received = zeromq.pull_source(8, 7, address, 100, True)
    flowgraph.connect(received, advphy.decoder(LINK), blocks.null_sink(1))
    with pytest.raises(ValueError, match=r"but encoder\d+ sends link gan_mlp"):
        flowgraph.run()


def test_each_start_and_each_unlock_is_checked():
    flowgraph, counted = link()
    for _ in range(2):
        flowgraph.run()
    assert [segment.blocks for segment in counted.segments()] == [ITEMS] * 2
    flowgraph = advphy.top_block()
    source, decoder = advphy.message_source(LINK), advphy.decoder(LINK)
    first, second = advphy.encoder(LINK), advphy.encoder(OTHER)
    pace, counted = blocks.throttle(1, 20_000), advphy.error_counter(LINK)
    flowgraph.connect(source, pace, first, decoder, counted)
    flowgraph.start()
    while not counted.segments()[-1].blocks:
        pass
    flowgraph.lock()
    flowgraph.disconnect(pace, first, decoder)
    flowgraph.connect(pace, second, decoder)
    flowgraph.unlock()
    with pytest.raises(ValueError, match=r"but encoder\d+ sends link gan_mlp"):
        flowgraph.wait()


def test_the_tag_costs_nothing_once_it_agrees():
    decoder, looked = advphy.decoder(LINK), []
    found = decoder.get_tags_in_window
    decoder.get_tags_in_window = lambda *given: looked.append(1) or found(*given)
    flowgraph = advphy.top_block()
    limited = blocks.copy(56)
    limited.set_max_noutput_items(16)
    chain = advphy.message_source(LINK, blocks=ITEMS), advphy.encoder(LINK), limited
    flowgraph.connect(*chain, decoder, blocks.null_sink(1))
    flowgraph.run()
    assert len(looked) == 1  # of 40 calls or more


BURST = {"index": 0, "number": 0, "missed": 0}
ODD_TAGS = [("frame", {"x": 1}), ("frame", 3)]
ODD_TAGS += [
    ("frame", BURST | {field: value})
    for field in ("index", "missed", "seed_check", "arrived")
    for value in (-5 if field != "arrived" else "y", "zz")
]
ODD_TAGS += [("erasures", "a"), ("erasures", -1), ("channel", 3)]
ORIGIN = {"what": "link", "name": "x\x1b[2J" * 200, "check": "1", "block": "b"}
ODD_TAGS += [("advphy_origin", ORIGIN), ("advphy_origin", ORIGIN | {"check": [1, 2]})]


@pytest.mark.parametrize(("key", "value"), ODD_TAGS)
def test_what_no_sender_writes_in_a_tag_is_one_sentence(key, value):
    tag = gr.tag_utils.python_to_tag((0, pmt.intern(key), pmt.to_pmt(value)))
    flowgraph, counter = advphy.top_block(), advphy.error_counter(LINK)
    source = blocks.vector_source_b([1, 2], tags=[tag])
    flowgraph.connect(source, counter)
    named = "sends link x" if value is ORIGIN else f"tag '{key}' must"
    with pytest.raises(ValueError, match=rf"{named}.*give") as why:
        flowgraph.run()
    assert len(str(why.value)) <= 300
    assert str(why.value).isprintable()
