// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: what is added on the air and taken off again.
#include "bindings_arrays.h"
#include "perturbation.h"
#include <pybind11/stl.h>

using namespace advphy;

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

} // namespace

void bind_air(py::module_& m) { bind_perturbation(m); }
