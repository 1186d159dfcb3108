// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: the modem.
#include "bindings/bindings_arrays.h"
#include "instruction_set.h"
#include "kernels.h"
#include "modem/burst_synchronizer.h"
#include <pybind11/stl.h>

using namespace gr::advphy;

namespace {

std::vector<sample> samples_from(const py::array& values, const char* name)
{
    const auto size = size_t(values.size());
    const auto* from = input_of<sample>(values, name, size);
    return { from, from + size };
}

template <typename T> std::vector<T> values_from(const py::dict& layout, const char* name)
{
    const auto values = py::cast<py::array>(layout[name]);
    const auto size = size_t(values.size());
    const T* from = input_of<T>(values, name, size);
    return { from, from + size };
}

frame_layout layout_from(const py::dict& from)
{
    frame_layout layout;
    const auto number = [&from](const char* name) { return py::cast<int>(from[name]); };
    layout.version = number("version");
    layout.n = number("n");
    layout.codewords = number("codewords");
    layout.samples_per_symbol = number("samples_per_symbol");
    layout.span = number("span");
    layout.segment = number("segment");
    layout.preamble_at = number("preamble_at");
    layout.scale = py::cast<float>(from["scale"]);
    layout.phases = number("phases");
    layout.preamble = values_from<float>(from, "preamble");
    layout.header_at = values_from<int>(from, "header_at");
    layout.payload_at = values_from<int>(from, "payload_at");
    layout.pilot_at = values_from<int>(from, "pilot_at");
    layout.symbols = values_from<int>(from, "symbols");
    layout.bank = values_from<float>(from, "bank");
    layout.pilots = samples_from(py::cast<py::array>(from["pilots"]), "pilots");
    if (layout.header_at.size() != header_symbols)
        throw std::invalid_argument("header_at must name " +
                                    std::to_string(header_symbols) + " symbols");
    return layout;
}

py::list frames_of(const std::vector<received_frame>& frames)
{
    py::list found;
    for (const received_frame& f : frames)
        found.append(py::make_tuple(
            py::bytes(reinterpret_cast<const char*>(f.said.bytes), header_bytes),
            f.first_codeword,
            f.at,
            f.snr,
            f.frequency,
            f.clock,
            f.gain,
            f.equalised,
            f.intact));
    return found;
}

} // namespace

void bind_modem(py::module_& m)
{
    m.def(
        "shape_pulses",
        [](const py::array& symbols, const py::array& pulse, int sps, py::array out) {
            if (symbols.ndim() != 2 || sps < 1)
                throw std::invalid_argument("symbols must have two dimensions");
            const auto rows = size_t(symbols.shape(0)), count = size_t(symbols.shape(1));
            const float* from = floats_of(symbols, "symbols", 2 * rows * count);
            const auto taps = size_t(pulse.size());
            const float* g = input_of<float>(pulse, "pulse", taps);
            const size_t row = 2 * count * size_t(sps);
            float* to = floats_of(out, "out", rows * row);
            py::gil_scoped_release release;
            for (size_t r = 0; r < rows; ++r)
                kernels().shape_pulses(
                    from + 2 * r * count, count, g, taps, size_t(sps), to + r * row);
        },
        "Write samples [rows][count * samples_per_symbol] of symbols [rows][count].",
        py::arg("symbols"),
        py::arg("pulse"),
        py::arg("samples_per_symbol"),
        py::arg("out"));
    py::class_<burst_synchronizer>(m, "BurstSynchronizer")
        .def(py::init([](const py::dict& layout,
                         double threshold,
                         bool equalise,
                         double phase_walk,
                         const py::bytes& expected_hash) {
                 return std::make_unique<burst_synchronizer>(
                     layout_from(layout),
                     synchronizer_settings{
                         threshold, equalise, phase_walk, std::string(expected_hash) });
             }),
             py::arg("layout"),
             py::arg("threshold"),
             py::arg("equalise"),
             py::arg("phase_walk"),
             py::arg("expected_hash"))
        .def(
            "push",
            [](burst_synchronizer& self, const py::array& samples) {
                const auto count = size_t(samples.size());
                const auto* from = input_of<sample>(samples, "samples", count);
                {
                    py::gil_scoped_release release;
                    self.push(from, count);
                }
                py::array_t<sample> codewords(py::ssize_t(self.codewords.size()));
                std::copy(self.codewords.begin(),
                          self.codewords.end(),
                          codewords.mutable_data());
                py::list frames = frames_of(self.frames);
                self.codewords.clear();
                self.frames.clear();
                return py::make_tuple(codewords, frames);
            },
            "Take samples (complex64); return the codewords' symbols and the frames.",
            py::arg("samples"))
        .def_readonly("samples", &burst_synchronizer::samples)
        .def_readonly("not_finite", &burst_synchronizer::not_finite)
        .def_readonly("preambles", &burst_synchronizer::preambles)
        .def_readonly("bad_headers", &burst_synchronizer::bad_headers);
    m.def(
        "decode_header",
        [](const py::array& symbols) {
            const header found =
                decode_header(input_of<sample>(symbols, "symbols", header_symbols));
            return py::make_tuple(
                py::bytes(reinterpret_cast<const char*>(found.bytes), header_bytes),
                found.valid());
        },
        "Return the 16 bytes of a header's symbols (complex64) and whether its CRC fits.",
        py::arg("symbols"));
}
