# SPDX-License-Identifier: GPL-3.0-or-later
"""An error in a block ends the flowgraph and reaches the caller of run()."""

import ctypes
import signal
import weakref

import numpy as np
import pmt
import pytest
from gnuradio import advphy, blocks, gr

from .conftest import CLONE
from .qa_grc import ENVIRONMENT, ran


class faulty(advphy.guarded_block):
    """Pass bytes on until `at`, then do what `fault` says."""

    def __init__(self, fault, at=10_000):
        advphy.guarded_block.__init__(self, "faulty", [np.uint8], [np.uint8])
        self._fault, self._at = fault, at
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self._handle)

    def work(self, input_items, output_items):
        output_items[0][:] = input_items[0]
        if self.nitems_written(0) >= self._at:
            return self._fault(len(output_items[0]))
        return len(output_items[0])

    def _handle(self, message):
        raise KeyError("in the handler")


class of_threads(advphy.guarded_block):
    """Pass bytes on and note the number of the thread's Python state in each call."""

    def __init__(self):
        advphy.guarded_block.__init__(self, "of_threads", [np.uint8], [np.uint8])
        self.numbers = []
        self.set_max_noutput_items(1000)

    def work(self, input_items, output_items):
        output_items[0][:] = input_items[0]
        self.numbers.append(STATE_NUMBER(STATE()))
        return len(output_items[0])


# ctypes.PyDLL keeps the lock of the interpreter, as these functions need.
STATE = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyThreadState_Get", ctypes.pythonapi))
STATE_NUMBER = ctypes.PYFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(
    ("PyThreadState_GetID", ctypes.pythonapi)
)


def test_a_thread_keeps_its_python_state_until_it_ends():
    block, flowgraph = of_threads(), advphy.top_block()
    head = blocks.head(1, 20_000)
    flowgraph.connect(blocks.null_source(1), head, block, blocks.null_sink(1))
    for run in (1, 2):
        head.reset()
        flowgraph.run()
        assert len(block.numbers) > 10
        assert len(set(block.numbers)) == run  # else one for each call


class of_sizes(advphy.guarded_block):
    """Add each float to the one before it; note the items of each call."""

    def __init__(self, multiple):
        advphy.guarded_block.__init__(self, "of_sizes", [np.float32], [np.float32])
        self.set_history(2)
        if multiple > 1:
            self.set_output_multiple(multiple)
        self.sizes = []

    def work(self, input_items, output_items):
        self.sizes.append(len(output_items[0]))
        output_items[0][:] = input_items[0][1:] + input_items[0][:-1]
        return len(output_items[0])


@pytest.mark.parametrize(("multiple", "taken"), [(1, 1000), (300, 900)])
def test_a_call_takes_all_items_that_there_are(multiple, taken):
    block, sink = of_sizes(multiple), blocks.vector_sink_f()
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_f(range(1000)), block, sink)
    flowgraph.run()
    assert block.sizes == [taken]
    assert list(sink.data()) == [0.0, *range(1, 2 * taken - 2, 2)]


def explode(_):
    raise ZeroDivisionError("in work")


FAULTS = [
    (explode, ZeroDivisionError, "in work"),
    (lambda n: None, TypeError, "returned None"),
    (lambda n: 1.0, TypeError, "returned 1.0"),
    (lambda n: True, TypeError, "returned True"),
    (lambda n: n + 1, ValueError, "room for"),
    (lambda n: -2, ValueError, "returned -2"),
]


@pytest.mark.parametrize(("fault", "kind", "text"), FAULTS)
def test_a_fault_in_work_reaches_the_caller(fault, kind, text):
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.null_source(1), faulty(fault), blocks.null_sink(1))
    with pytest.raises(kind, match=text):
        flowgraph.run()


def test_other_branches_end_too():
    flowgraph = advphy.top_block()
    source = blocks.null_source(1)
    flowgraph.connect(source, faulty(explode), blocks.null_sink(1))
    flowgraph.connect(blocks.null_source(1), blocks.null_sink(1))
    with pytest.raises(ZeroDivisionError):
        flowgraph.run()


def test_a_fault_in_a_handler_reaches_the_caller():
    flowgraph = advphy.top_block()
    strobe = blocks.message_strobe(pmt.intern("x"), 20)
    block = faulty(lambda n: n)
    flowgraph.connect(blocks.null_source(1), block, blocks.null_sink(1))
    flowgraph.msg_connect((strobe, "strobe"), (block, "in"))
    with pytest.raises(KeyError):
        flowgraph.run()


class faulty_start(advphy.guarded_block):
    """Fail in start()."""

    def __init__(self):
        advphy.guarded_block.__init__(self, "faulty_start", [np.uint8], None)

    def start(self):
        raise RuntimeError("in start")

    def work(self, input_items, output_items):
        return len(input_items[0])


def test_a_fault_in_start_reaches_the_caller():
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.null_source(1), faulty_start())
    with pytest.raises(RuntimeError, match="in start"):
        flowgraph.run()


def test_run_raises_for_a_flowgraph_that_companion_made():
    class generated(gr.top_block):
        def __init__(self):
            gr.top_block.__init__(self, "generated")
            self.source = blocks.null_source(1)
            self.faulty = faulty(explode)
            self.sink = blocks.null_sink(1)
            self.connect(self.source, self.faulty, self.sink)

    with pytest.raises(ZeroDivisionError):
        advphy.run(generated())


def test_a_flowgraph_that_nobody_watches_ends_and_says_why(caplog):
    flowgraph = gr.top_block()
    source, block, sink = blocks.null_source(1), faulty(explode), blocks.null_sink(1)
    flowgraph.connect(source, block, sink)
    flowgraph.run()
    assert "block faulty ends the flowgraph" in caplog.text
    assert "ZeroDivisionError: in work" in caplog.text
    caplog.clear()  # its traceback holds the flowgraph


def test_errors_inside_hier_blocks_are_found():
    class hier(gr.hier_block2):
        def __init__(self):
            one = gr.io_signature(1, 1, 1)
            gr.hier_block2.__init__(self, "hier", one, one)
            self.parts = [faulty(explode)]
            self.connect(self, self.parts[0], self)

    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.null_source(1), hier(), blocks.null_sink(1))
    with pytest.raises(ZeroDivisionError):
        flowgraph.run()


class hiding(gr.hier_block2):
    """Hier block with a faulty block where no list of attributes would find it."""

    def __init__(self, place):
        one = gr.io_signature(1, 1, 1)
        gr.hier_block2.__init__(self, "hiding", one, one)
        part = faulty(explode)
        if place is not None:
            self.place = place(deep=[{"er": part}])
        self.connect(self, part, self)


@pytest.mark.parametrize("place", [dict, None])
def test_errors_of_blocks_in_hier_blocks_that_are_kept_anywhere(place):
    flowgraph = gr.top_block()  # as GNU Radio Companion makes it
    hier = hiding(place)
    source, sink = blocks.null_source(1), blocks.null_sink(1)
    flowgraph.connect(source, hier, sink)
    for _ in range(2):  # the error stays in its block
        with pytest.raises(ZeroDivisionError):
            advphy.run(flowgraph)


def test_a_plain_flowgraph_next_to_a_watched_one_says_its_error(caplog):
    watched, plain = advphy.top_block(), gr.top_block()
    endless, sink = blocks.null_source(1), blocks.null_sink(1)
    watched.connect(endless, sink)
    watched.start()
    source, block, end = blocks.null_source(1), faulty(explode), blocks.null_sink(1)
    plain.connect(source, block, end)
    plain.run()
    assert caplog.text.count("block faulty ends the flowgraph") == 1
    assert "Traceback" in caplog.text
    watched.stop()
    watched.wait()  # raises nothing: the error is of the other flowgraph
    caplog.clear()


def test_a_watched_error_is_raised_and_logged_once(caplog):
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.null_source(1), faulty(explode), blocks.null_sink(1))
    with pytest.raises(ZeroDivisionError):
        flowgraph.run()
    assert caplog.text.count("ZeroDivisionError") == 1
    assert "Traceback" not in caplog.text


def test_a_message_that_is_none_of_the_codebook_ends_the_flowgraph():
    flowgraph = advphy.top_block()
    flowgraph.connect(
        blocks.vector_source_b([1, 2, 16, 3], True),
        advphy.encoder("bpsk"),
        advphy.decoder("bpsk"),
        blocks.null_sink(1),
    )
    with pytest.raises(ValueError, match=r"message 16 is not in 0\.\.15"):
        flowgraph.run()


def test_temporaries_may_be_connected():
    program = """if True:
        import gc
        from gnuradio import advphy, blocks
        tb = advphy.top_block()
        tb.connect(advphy.message_source("bpsk", blocks=1000), advphy.encoder("bpsk"),
                   advphy.channel("bpsk"), advphy.decoder("bpsk"), blocks.null_sink(1))
        tb.connect(advphy.message_source("qpsk", blocks=1000), advphy.encoder("qpsk"),
                   advphy.constellation_sink("qpsk"))
        gc.collect()
        tb.run()
        print("ended")
    """
    found = ran("-c", program)
    assert found.stdout.endswith("ended\n")


@pytest.mark.parametrize("module", ["advphy", "gr"])
@pytest.mark.parametrize("held", ["None", "flowgraph"])
def test_a_running_flowgraph_that_is_forgotten_stops(module, held):
    program = f"""if True:
        import gc
        from gnuradio import advphy, blocks, gr
        def forget():
            flowgraph = {module}.top_block()
            flowgraph.held = {held}  # itself: the garbage collector finds it
            at = advphy.message_source("bpsk"), blocks.throttle(1, 50000)
            flowgraph.connect(*at, blocks.null_sink(1))
            flowgraph.start()
            raise ValueError("of the program")
        try:
            forget()
        except ValueError as error:
            print(error)
        gc.collect()
        print("goes on")
    """
    assert ran("-c", program).stdout.splitlines() == ["of the program", "goes on"]


def build(flowgraph, model="bpsk"):
    """Connect blocks that are kept in no variable; return the last one weakly."""
    sink = advphy.error_counter(model)
    flowgraph.connect(
        advphy.message_source(model, blocks=20_000),
        advphy.encoder(model),
        advphy.channel(model, 3.0),
        advphy.decoder(model),
        sink,
    )
    flowgraph.connect(advphy.link(model, 3.0, stop=advphy.StopRule(max_blocks=1000)))
    return weakref.ref(sink)


def test_blocks_that_nobody_keeps_live_as_long_as_their_flowgraph():
    """In a process of its own: GNU Radio calls a freed block, which crashes."""
    program = (
        "import gc\nfrom gnuradio import gr\nfrom tests.qa_block_errors import build\n"
        "flowgraph = gr.top_block()\ncounter = build(flowgraph)\ngc.collect()\n"
        "for _ in range(2):\n    flowgraph.run()\n"
        "print([s.blocks for s in counter().segments()])\n"
        "del flowgraph\ngc.collect()\nprint(counter())\n"
    )
    path = f"{CLONE}:{ENVIRONMENT['PYTHONPATH']}"
    found = ran("-c", program, PYTHONPATH=path)
    assert found.stdout.splitlines()[-2:] == ["[20000, 20000]", "None"], found.stderr


def test_a_handler_that_calls_the_one_before_it_is_called_once():
    calls, before = [], signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        advphy.end_by_signals()
        ours = signal.getsignal(signal.SIGTERM)

        def own(number, frame):
            calls.append(number)
            ours(number, frame)

        signal.signal(signal.SIGTERM, own)
        with pytest.raises(SystemExit, match="143"):
            own(signal.SIGTERM, None)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert calls == [signal.SIGTERM]
