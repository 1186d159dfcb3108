// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: random numbers, networks, codes. Only this folder
// uses pybind11; see arrays.h for the arguments.
#include "bindings/arrays.h"
#include "code/codebook.h"
#include "instruction_set.h"
#include "network/network.h"
#include "random/gaussian.h"
#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace gr::advphy {

namespace {

// Define decide() of a network or hard decision.
template <typename Decider> void define_decide(py::class_<Decider>& scope)
{
    define(
        scope,
        "decide",
        "Write messages (argmax of the outputs, or a hard decision) and erasure flags; "
        "return the number of erasures.",
        { "y", "messages", "erased" },
        [](const Decider& self, input y, output messages, output erased) {
            const size_t count = size_t(messages.size());
            const float* in = floats_of(y, "y", count * self.inputs());
            uint8_t* out = data_of<uint8_t>(messages, "messages", count);
            uint8_t* flags = data_of<uint8_t>(erased, "erased", count);
            py::gil_scoped_release release;
            return self.decide(in, count, out, flags);
        });
}

void bind_networks(py::module_& m)
{
    py::class_<network> net(m, "network", "Batched inference of a network.");
    net.def(py::init<size_t, const std::vector<int>&>(),
            py::arg("inputs"),
            py::arg("slot") = std::vector<int>())
        .def_property_readonly("multiply_adds", &network::multiply_adds);
    define(
        net,
        "add_affine",
        "Append an affine map. weight [channels, rows] and bias [channels] are float32; "
        "first_tap [positions + 1], tap_feature and tap_row are int32.",
        { "weight", "bias", "first_tap", "tap_feature", "tap_row" },
        [](network& self,
           input weight,
           input bias,
           input first,
           input feature,
           input row) {
            self.add_affine(values_of<float>(weight, "weight"),
                            values_of<float>(bias, "bias"),
                            { values_of<int>(first, "first_tap"),
                              values_of<int>(feature, "tap_feature"),
                              values_of<int>(row, "tap_row") });
        });
    define(net,
           "add_step",
           "Append an activation (alpha), softmax, l2_normalization (energy), scale "
           "(factor), or keep, recall or add (place).",
           { "kind", "value" },
           &network::add_step);
    define(net,
           "run",
           "Compute out[count][outputs] from x[count][inputs] float32.",
           { "x", "out" },
           [](const network& self, input x, output out) {
               const size_t count = floats_in(out) / self.outputs();
               const float* from = floats_of(x, "x", count * self.inputs());
               float* to = floats_of(out, "out", count * self.outputs());
               py::gil_scoped_release release;
               self.run(from, count, to);
           });
    define_decide(net);
}

void bind_codes(py::module_& m)
{
    py::class_<codebook> book(m, "codebook", "Codeword look-up.");
    book.def(py::init([](input values) {
        return codebook(rows_of(values, "codebook"), size_t(values.shape(0)));
    }));
    define(book,
           "look_up",
           "Write the codewords of messages (uint8) to out (complex64 or float32).",
           { "messages", "out" },
           [](const codebook& self, input messages, output out) {
               const size_t count = size_t(messages.size());
               const auto* from = data_of<uint8_t>(messages, "messages", count);
               float* to = floats_of(out, "out", count * self.row());
               py::gil_scoped_release release;
               self.look_up(from, count, to);
           });
    py::class_<hard_decision> hard(m, "hard_decision", "Hard decision on a binary code.");
    hard.def(py::init<std::vector<uint8_t>, size_t>(), py::arg("table"), py::arg("n"));
    define_decide(hard);
    define(m,
           "count_differences",
           "Return the number of bytes that differ in a and b.",
           { "a", "b" },
           [](input a, input b) {
               const size_t count = size_t(a.size());
               const auto* left = data_of<uint8_t>(a, "a", count);
               const auto* right = data_of<uint8_t>(b, "b", count);
               py::gil_scoped_release release;
               return count_differences(left, right, count);
           });
    define(m,
           "squared_error",
           "Write the sum of (a - b)^2 over the features of each row to out (float64).",
           { "a", "b", "out" },
           [](input a, input b, output out) {
               const size_t count = rows_in(a, "a"), features = size_t(a.shape(1));
               const auto* left = data_of<float>(a, "a", count * features);
               const auto* right = data_of<float>(b, "b", count * features);
               auto* to = data_of<double>(out, "out", count);
               py::gil_scoped_release release;
               squared_error(left, right, count, features, to);
           });
}

void bind_randomness(py::module_& m)
{
    m.attr("STREAMS") = std::map<std::string, uint32_t>{
        { "messages", uint32_t(stream::messages) },
        { "noise", uint32_t(stream::noise) },
        { "adversary", uint32_t(stream::adversary) },
        { "fading", uint32_t(stream::fading) },
        { "jammer", uint32_t(stream::jammer) },
        { "impairment", uint32_t(stream::impairment) },
    };
    define(m,
           "messages",
           "Write messages of k bits, number first, first + 1, ..., to out (uint8).",
           { "seed", "first", "k", "out" },
           [](uint64_t seed, uint64_t first, unsigned k, output out) {
               if (k < 1 || k > 8)
                   throw std::invalid_argument("k = " + std::to_string(k) +
                                               " bits per message, expected 1..8");
               const size_t count = size_t(out.size());
               auto* to = data_of<uint8_t>(out, "out", count);
               py::gil_scoped_release release;
               const draw bytes{ seed, stream::messages, first, count };
               random_bytes(bytes, uint8_t((1u << k) - 1), to);
           });
    m.def(
        "gaussian",
        [](uint64_t seed, uint64_t first, output out, uint32_t which) {
            const size_t floats = floats_in(out);
            float* to = floats_of(out, "out", floats);
            py::gil_scoped_release release;
            gaussian({ seed, stream(which), first, floats }, to);
        },
        "Write standard normals number first, first + 1, ... to out (float32).",
        py::arg("seed"),
        py::arg("first"),
        py::arg("out"),
        py::arg("stream") = uint32_t(stream::noise));
    define(
        m,
        "random_words",
        "Write the 4 words of Philox's counters first, ... of a stream to out (uint32).",
        { "seed", "stream", "first", "out" },
        [](uint64_t seed, uint32_t which, uint64_t first, output out) {
            const size_t count = size_t(out.size()) / 4;
            auto* to = data_of<uint32_t>(out, "out", 4 * count);
            py::gil_scoped_release release;
            random_words({ seed, stream(which), first, count }, to);
        });
    m.def(
        "add_gaussian",
        [](uint64_t seed,
           uint64_t first,
           float sigma,
           input x,
           output y,
           optional_input p) {
            const size_t floats = floats_in(y);
            const float* from = floats_of(x, "x", floats);
            float* to = floats_of(y, "y", floats);
            const float* added = p ? floats_of(*p, "p", floats) : nullptr;
            py::gil_scoped_release release;
            add_gaussian({ seed, stream::noise, first, floats }, sigma, from, to, added);
        },
        "Write (x + sigma * normals) + p to y; sigma is per real dimension; y may be x.",
        py::arg("seed"),
        py::arg("first"),
        py::arg("sigma"),
        py::arg("x"),
        py::arg("y"),
        py::arg("p") = py::none());
}

// Keeps the Python state of a thread until it ends. A thread that ends must not wait for
// the interpreter's lock, since Python may be ending, so the next one that begins has the
// state deleted.
class kept_thread_state
{
public:
    kept_thread_state()
    {
        std::vector<PyThreadState*> states;
        {
            const std::lock_guard<std::mutex> lock(mutex());
            states.swap(ended());
        }
        if (!states.empty()) {
            PyInterpreterState* const interpreter = PyInterpreterState_Get();
            const py::gil_scoped_release released;
            std::thread(delete_all, std::move(states), interpreter).join();
        }
        PyGILState_Ensure(); // one more user, who never releases it
        living++;
    }
    ~kept_thread_state()
    {
        living--;
        const std::lock_guard<std::mutex> lock(mutex());
        ended().push_back(d_state);
    }

    static inline std::atomic<int> living{ 0 };

private:
    // A thread that deletes a state forgets its own one since Python 3.12, so this needs
    // a thread that ends with it.
    static void delete_all(std::vector<PyThreadState*> states, PyInterpreterState* in)
    {
        PyThreadState* own = PyThreadState_New(in);
        PyEval_RestoreThread(own);
        for (PyThreadState* state : states) {
            PyThreadState_Clear(state);
            PyThreadState_Delete(state);
        }
        PyThreadState_Clear(own);
        PyThreadState_DeleteCurrent();
    }

    // Never destroyed: threads may outlive the objects of a program.
    static std::mutex& mutex()
    {
        static auto& one = *new std::mutex;
        return one;
    }
    static std::vector<PyThreadState*>& ended()
    {
        static auto& all = *new std::vector<PyThreadState*>;
        return all;
    }

    PyThreadState* d_state = PyThreadState_Get();
};

} // namespace

void bind_air(py::module_& m); // air.cc
void bind_keying(py::module_& m); // keying.cc
void bind_modem(py::module_& m); // modem.cc

PYBIND11_MODULE(kernels, m)
{
    m.doc() = "Compiled kernels of gr-advphy; see the headers in lib/ for cost and "
              "reference.";
    require_numpy();
    bind_randomness(m);
    bind_networks(m);
    bind_codes(m);
    bind_air(m);
    bind_keying(m);
    bind_modem(m);
    m.def("instruction_sets",
          &instruction_sets,
          "Return the usable instruction sets, best first.");
    m.def(
        "instruction_set",
        [] { return std::string(kernels().name); },
        "Return the one in use.");
    m.def("choose_instruction_set", &choose_instruction_set, py::arg("name"));
    m.def(
        "keep_thread_state",
        [] { thread_local const kept_thread_state kept; },
        "Keep Python's state of this thread, which GNU Radio has made, until the thread "
        "ends. Without that, each call from C++ maps, fills and unmaps memory for a new "
        "one. Not for a thread that Python has made, which ends the state itself.");
    m.def(
        "kept_thread_states",
        [] { return kept_thread_state::living.load(); },
        "Return the number of running threads that keep one.");
    define(m,
           "multiply_adds",
           "Do multiply-adds in registers, the arithmetic limit; return their number.",
           { "rounds" },
           [](size_t rounds) {
               float sink[16] = {};
               py::gil_scoped_release release;
               return kernels().network.multiply_adds(rounds, sink);
           });
}

} // namespace gr::advphy
