// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: networks, codes, random numbers. Only the
// bindings*.cc know pybind11; bindings_arrays.h says how arrays come in.
#include "bindings/bindings_arrays.h"
#include "code/codebook.h"
#include "instruction_set.h"
#include "network/network.h"
#include "random/gaussian.h"
#include <pybind11/stl.h>
#include <stdexcept>

using namespace gr::advphy;

namespace {

parameter parameter_from(py::array_t<float, py::array::c_style | py::array::forcecast> a)
{
    parameter p;
    for (py::ssize_t i = 0; i < a.ndim(); ++i)
        p.shape.push_back(size_t(a.shape(i)));
    p.values.assign(a.data(), a.data() + a.size());
    return p;
}

layer layer_from(const py::dict& description)
{
    layer l;
    l.kind = py::cast<std::string>(description["kind"]);
    l.name = py::cast<std::string>(description["name"]);
    for (auto item : py::cast<py::dict>(description["parameters"]))
        l.parameters[py::cast<std::string>(item.first)] =
            parameter_from(py::cast<py::array>(item.second));
    for (auto item : py::cast<py::dict>(description["attributes"])) {
        std::vector<double>& values = l.attributes[py::cast<std::string>(item.first)];
        if (py::isinstance<py::sequence>(item.second))
            values = py::cast<std::vector<double>>(item.second);
        else
            values = { py::cast<double>(item.second) };
    }
    return l;
}

network network_from(const py::list& descriptions,
                     const std::vector<size_t>& input_shape,
                     const std::vector<int>& slot)
{
    std::vector<layer> layers;
    for (auto description : descriptions)
        layers.push_back(layer_from(py::cast<py::dict>(description)));
    return network(layers, input_shape, slot);
}

// Items of `decider` decided into messages and erased; the number of erasures.
template <typename Decider>
size_t decide(const Decider& decider,
              size_t floats,
              const py::array& y,
              py::array messages,
              py::array erased)
{
    const size_t count = size_t(messages.size());
    const float* in = floats_of(y, "y", count * floats);
    uint8_t* out = data_of<uint8_t>(messages, "messages", count);
    uint8_t* flags = data_of<uint8_t>(erased, "erased", count);
    py::gil_scoped_release release;
    return decider.decide(in, count, out, flags);
}

void bind_networks(py::module_& m)
{
    py::class_<network>(m, "network", "Batched inference of a network of layers.")
        .def(py::init(&network_from),
             py::arg("layers"),
             py::arg("input_shape"),
             py::arg("slot") = std::vector<int>())
        .def_property_readonly("inputs", &network::inputs)
        .def_property_readonly("output_shape", &network::output_shape)
        .def_property_readonly("multiply_adds", &network::multiply_adds)
        .def(
            "run",
            [](const network& self, const py::array& x, py::array out) {
                const size_t count = floats_in(out) / self.outputs();
                const float* from = floats_of(x, "x", count * self.inputs());
                float* to = floats_of(out, "out", count * self.outputs());
                py::gil_scoped_release release;
                self.run(from, count, to);
            },
            "Compute out[count][outputs] from x[count][inputs] float32.",
            py::arg("x"),
            py::arg("out"))
        .def(
            "decide",
            [](const network& self, const py::array& y, py::array out, py::array erased) {
                return decide(self, self.inputs(), y, out, erased);
            },
            "Write argmax of the outputs and erasure flags; return the erasures.",
            py::arg("y"),
            py::arg("messages"),
            py::arg("erased"));
    m.def("nearest_codeword",
          &nearest_codeword,
          "Nearest-codeword decision as a network.",
          py::arg("codebook"),
          py::arg("messages"),
          py::arg("slot"));
    m.def("known_layers", &known_layers, "Kinds of layer that the kernels can run.");
}

void bind_codes(py::module_& m)
{
    py::class_<codebook>(m, "codebook", "Codeword look-up.")
        .def(py::init([](const py::array& values) {
            if (values.ndim() != 2)
                throw std::invalid_argument("codebook must have two dimensions");
            const size_t floats = floats_in(values);
            const float* from = floats_of(values, "codebook", floats);
            return codebook(std::vector<float>(from, from + floats),
                            size_t(values.shape(0)));
        }))
        .def(
            "look_up",
            [](const codebook& self, const py::array& messages, py::array out) {
                const size_t count = size_t(messages.size());
                const uint8_t* from = input_of<uint8_t>(messages, "messages", count);
                float* to = floats_of(out, "out", count * self.row());
                py::gil_scoped_release release;
                self.look_up(from, count, to);
            },
            "Write the codewords of messages (uint8) to out (complex64 or float32).",
            py::arg("messages"),
            py::arg("out"));
    py::class_<hard_decision>(m, "hard_decision", "Hard decision on a binary code.")
        .def(py::init<std::vector<uint8_t>, size_t>(), py::arg("table"), py::arg("n"))
        .def(
            "decide",
            [](const hard_decision& self,
               const py::array& y,
               py::array out,
               py::array e) { return decide(self, 2 * self.n(), y, out, e); },
            "Write messages and erasure flags; return the number of erasures.",
            py::arg("y"),
            py::arg("messages"),
            py::arg("erased"));
    m.def(
        "count_differences",
        [](const py::array& a, const py::array& b) {
            const size_t count = size_t(a.size());
            const uint8_t* left = input_of<uint8_t>(a, "a", count);
            const uint8_t* right = input_of<uint8_t>(b, "b", count);
            py::gil_scoped_release release;
            return count_differences(left, right, count);
        },
        "Return how many bytes of a and b differ.",
        py::arg("a"),
        py::arg("b"));
}

void bind_randomness(py::module_& m)
{
    m.def(
        "messages",
        [](uint64_t seed, uint64_t first, unsigned k, py::array out) {
            if (k < 1 || k > 8)
                throw std::invalid_argument("k = " + std::to_string(k) +
                                            " bits per message, wanted 1..8");
            const size_t count = size_t(out.size());
            uint8_t* to = data_of<uint8_t>(out, "out", count);
            py::gil_scoped_release release;
            random_bytes(
                seed, stream::messages, first, count, uint8_t((1u << k) - 1), to);
        },
        "Write the messages number first, first + 1, ... of k bits to out (uint8).",
        py::arg("seed"),
        py::arg("first"),
        py::arg("k"),
        py::arg("out"));
    m.def(
        "gaussian",
        [](uint64_t seed, uint64_t first, py::array out, uint32_t which) {
            const size_t floats = floats_in(out);
            float* to = floats_of(out, "out", floats);
            py::gil_scoped_release release;
            gaussian(seed, stream(which), first, floats, to);
        },
        "Write standard normals number first, first + 1, ... to out (float32).",
        py::arg("seed"),
        py::arg("first"),
        py::arg("out"),
        py::arg("stream") = uint32_t(stream::noise));
    m.def(
        "random_words",
        [](uint64_t seed, uint32_t which, uint64_t first, py::array out) {
            const size_t count = size_t(out.size()) / 4;
            uint32_t* to = data_of<uint32_t>(out, "out", 4 * count);
            py::gil_scoped_release release;
            random_words(seed, stream(which), first, count, to);
        },
        "Write the 4 words of Philox's counters first, ... of a stream to out (uint32).",
        py::arg("seed"),
        py::arg("stream"),
        py::arg("first"),
        py::arg("out"));
    m.def(
        "add_gaussian",
        [](uint64_t seed,
           uint64_t first,
           float sigma,
           const py::array& x,
           py::array y,
           const py::object& p) {
            const size_t floats = floats_in(y);
            const float* from = floats_of(x, "x", floats);
            float* to = floats_of(y, "y", floats);
            const float* added = nullptr;
            if (!p.is_none()) {
                const auto array = py::cast<py::array>(p);
                added = floats_of(array, "p", floats);
            }
            py::gil_scoped_release release;
            add_gaussian(seed, stream::noise, first, floats, sigma, from, to, added);
        },
        "Write (x + sigma * normals) + p to y; sigma is per real dimension; y may be x.",
        py::arg("seed"),
        py::arg("first"),
        py::arg("sigma"),
        py::arg("x"),
        py::arg("y"),
        py::arg("p") = py::none());
}

} // namespace

void bind_air(py::module_& m); // bindings_air.cc
void bind_impairment(py::module_& m); // bindings_impairment.cc
void bind_keying(py::module_& m); // bindings_keying.cc
void bind_modem(py::module_& m); // bindings_modem.cc

PYBIND11_MODULE(kernels, m)
{
    m.doc() =
        "Compiled kernels of gr-advphy; see the headers in lib/ for cost and reference.";
    bind_networks(m);
    bind_codes(m);
    bind_randomness(m);
    bind_air(m);
    bind_impairment(m);
    bind_keying(m);
    bind_modem(m);
    m.def("instruction_sets", &instruction_sets, "Those usable here, best first.");
    m.def(
        "instruction_set", [] { return std::string(kernels().name); }, "The one in use.");
    m.def(
        "multiply_adds",
        [](size_t rounds) {
            float sink[16] = {};
            py::gil_scoped_release release;
            return kernels().multiply_adds(rounds, sink);
        },
        "Do multiply-adds in registers only and return how many: the arithmetic limit.",
        py::arg("rounds"));
    m.def("choose_instruction_set", &choose_instruction_set, py::arg("name"));
}
