// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: what is added on the air and taken off again.
#include "air/canceller.h"
#include "air/perturbation.h"
#include "bindings/bindings_arrays.h"
#include <pybind11/complex.h>
#include <pybind11/stl.h>

using namespace gr::advphy;

namespace {

perturbation perturbation_from(const py::array& rows, const py::kwargs& settings)
{
    if (rows.ndim() != 2)
        throw std::invalid_argument("rows must have two dimensions");
    const size_t floats = floats_in(rows);
    const float* from = floats_of(rows, "rows", floats);
    arrival how;
    for (const auto& [key, value] : settings) {
        const auto name = py::cast<std::string>(key);
        if (name == "by_message")
            how.by_message = py::cast<bool>(value);
        else if (name == "jammer")
            how.jammer = py::cast<bool>(value);
        else if (name == "random_shift")
            how.random_shift = py::cast<bool>(value);
        else if (name == "random_phase")
            how.random_phase = py::cast<bool>(value);
        else if (name == "random_sign")
            how.random_sign = py::cast<bool>(value);
        else if (name == "random_frequency")
            how.random_frequency = py::cast<bool>(value);
        else if (name == "rayleigh")
            how.rayleigh = py::cast<bool>(value);
        else if (name == "frequency")
            how.frequency = py::cast<uint64_t>(value);
        else if (name == "off_blocks")
            how.off_blocks = py::cast<uint64_t>(value);
        else if (name == "on_blocks")
            how.on_blocks = py::cast<uint64_t>(value);
        else if (name == "seed")
            how.seed = py::cast<uint64_t>(value);
        else
            throw std::invalid_argument("setting '" + name + "' is not known");
    }
    return perturbation(
        std::vector<float>(from, from + floats), size_t(rows.shape(0)), how);
}

// Write or add: the same arguments.
template <typename Method>
void arrive(const perturbation& self,
            const py::object& messages,
            uint64_t first,
            py::array& y,
            Method method)
{
    const size_t count = floats_in(y) / (2 * self.n());
    float* to = floats_of(y, "y", count * 2 * self.n());
    const uint8_t* sent = nullptr;
    if (!messages.is_none())
        sent = input_of<uint8_t>(py::cast<py::array>(messages), "messages", count);
    py::gil_scoped_release release;
    (self.*method)(sent, first, count, to);
}

void bind_perturbation(py::module_& m)
{
    py::class_<perturbation>(m, "perturbation", "What an adversary adds to each block.")
        .def(py::init(&perturbation_from), py::arg("rows"))
        .def(
            "write",
            [](const perturbation& self,
               py::object messages,
               uint64_t first,
               py::array y) { arrive(self, messages, first, y, &perturbation::write); },
            "Write what arrives in the blocks first, first + 1, ... to out (complex64).",
            py::arg("messages"),
            py::arg("first"),
            py::arg("out"))
        .def(
            "add",
            [](const perturbation& self,
               py::object messages,
               uint64_t first,
               py::array y) { arrive(self, messages, first, y, &perturbation::add); },
            "Add the same to y.",
            py::arg("messages"),
            py::arg("first"),
            py::arg("y"));
}

// (components, [(shift, factor), ...], penalty) of Python.
family family_from(const py::tuple& description)
{
    family f;
    f.components = py::cast<size_t>(description[0]);
    f.penalty = py::cast<double>(description[2]);
    for (const auto& tie : py::cast<py::list>(description[1])) {
        const auto pair = py::cast<py::tuple>(tie);
        f.tied.push_back(
            { py::cast<size_t>(pair[0]), py::cast<std::complex<double>>(pair[1]) });
    }
    return f;
}

py::array_t<std::complex<float>> components_of(const estimate& e)
{
    const auto& p = e.fitted.p();
    py::array_t<std::complex<float>> out({ p.size(), p[0].size() / 2 });
    auto to = out.mutable_unchecked<2>();
    for (size_t z = 0; z < p.size(); ++z)
        for (size_t i = 0; i < p[z].size() / 2; ++i)
            to(z, i) = { float(p[z][2 * i]), float(p[z][2 * i + 1]) };
    return out;
}

void bind_canceller(py::module_& m)
{
    py::class_<estimate>(m, "estimate", "What a canceller found in a window.")
        .def_readonly("family", &estimate::which)
        .def_readonly("statistic", &estimate::statistic)
        .def_property_readonly("p", &components_of)
        .def_property_readonly("weights",
                               [](const estimate& e) { return e.fitted.weights(); })
        .def_property_readonly("noise_variance",
                               [](const estimate& e) { return e.fitted.variance(); });
    py::class_<canceller>(m, "canceller", "Blind estimate-and-cancel.")
        .def(py::init([](const py::array& codebook,
                         const py::list& families,
                         size_t sample,
                         size_t iterations) {
                 if (codebook.ndim() != 2)
                     throw std::invalid_argument("codebook must have two dimensions");
                 const size_t floats = floats_in(codebook);
                 const float* from = floats_of(codebook, "codebook", floats);
                 std::vector<family> all;
                 for (const auto& f : families)
                     all.push_back(family_from(py::cast<py::tuple>(f)));
                 return canceller(std::vector<float>(from, from + floats),
                                  size_t(codebook.shape(0)),
                                  std::move(all),
                                  sample,
                                  iterations);
             }),
             py::arg("codebook"),
             py::arg("families"),
             py::arg("sample"),
             py::arg("iterations"))
        .def(
            "find",
            [](const canceller& self,
               const py::array& y,
               const estimate* past,
               double forgetting,
               double change) {
                const size_t blocks = floats_in(y) / self.floats();
                const float* from = floats_of(y, "y", blocks * self.floats());
                py::gil_scoped_release release;
                return self.find(from, blocks, past, forgetting, change);
            },
            "Estimate what was added to a window of blocks.",
            py::arg("y"),
            py::arg("past") = nullptr,
            py::arg("forgetting") = 0.0,
            py::arg("change") = 0.0)
        .def(
            "subtract",
            [](const canceller& self, const estimate& found, py::array y) {
                const size_t blocks = floats_in(y) / self.floats();
                float* to = floats_of(y, "y", blocks * self.floats());
                py::gil_scoped_release release;
                self.subtract(found, to, blocks);
            },
            "Take the most likely component off each block of y, in place.",
            py::arg("found"),
            py::arg("y"));
}

} // namespace

void bind_air(py::module_& m)
{
    bind_perturbation(m);
    bind_canceller(m);
}
