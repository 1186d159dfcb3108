// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: the modem.
#include "bindings/arrays.h"
#include "instruction_set.h"
#include "modem/burst_synchronizer.h"
#include <memory>

namespace gr::advphy {

namespace {

frame_layout layout_from(const py::dict& from)
{
    const auto number = [&from](const char* name) { return py::cast<int>(from[name]); };
    const auto floats = [&from](const char* name) {
        return values_of<float>(py::cast<py::array>(from[name]), name);
    };
    const auto indices = [&from](const char* name) {
        return values_of<int>(py::cast<py::array>(from[name]), name);
    };
    frame_layout layout;
    layout.version = number("version");
    layout.n = number("n");
    layout.codewords = number("codewords");
    layout.samples_per_symbol = number("samples_per_symbol");
    layout.span = number("span");
    layout.rolloff = py::cast<double>(from["rolloff"]);
    layout.segment = number("segment");
    layout.preamble_at = number("preamble_at");
    layout.scale = py::cast<float>(from["scale"]);
    layout.phases = number("phases");
    layout.preamble = floats("preamble");
    layout.header_at = indices("header_at");
    layout.payload_at = indices("payload_at");
    layout.pilot_at = indices("pilot_at");
    layout.symbols = indices("symbols");
    layout.bank = floats("bank");
    layout.pilots = values_of<sample>(py::cast<py::array>(from["pilots"]), "pilots");
    if (layout.header_at.size() != header_symbols)
        throw std::invalid_argument("header_at must name " +
                                    std::to_string(header_symbols) + " symbols");
    return layout;
}

std::unique_ptr<burst_synchronizer> synchronizer_from(const py::dict& layout,
                                                      double threshold,
                                                      bool equalize,
                                                      double phase_walk,
                                                      const py::bytes& expected_hash,
                                                      bool subtract_tones)
{
    return std::make_unique<burst_synchronizer>(
        layout_from(layout),
        synchronizer_settings{ threshold,
                               equalize,
                               phase_walk,
                               std::string(expected_hash),
                               subtract_tones });
}

// The arguments of Python's Header.
py::tuple fields_of(const burst_header& header)
{
    const auto known = [](const std::string& check) {
        return check.empty() ? py::object(py::none()) : py::bytes(check);
    };
    return py::make_tuple(header.number(),
                          header.codewords(),
                          py::bytes(header.model_hash()),
                          header.inserted(),
                          known(header.key_check()),
                          header.version(),
                          known(header.seed_check()));
}

py::tuple fields_of(const received_burst& burst)
{
    return py::make_tuple(fields_of(burst.header),
                          burst.first_codeword,
                          burst.at,
                          burst.snr,
                          burst.frequency,
                          burst.clock,
                          burst.gain,
                          burst.equalized,
                          burst.intact,
                          burst.suspicious,
                          burst.cleaned);
}

py::tuple push(burst_synchronizer& self, input samples)
{
    const auto count = size_t(samples.size());
    const auto* from = data_of<sample>(samples, "samples", count);
    {
        py::gil_scoped_release release;
        self.push(from, count);
    }
    const size_t found = self.codewords.size();
    py::array codewords = new_samples(found);
    std::copy(self.codewords.begin(),
              self.codewords.end(),
              data_of<sample>(codewords, "codewords", found));
    py::list bursts;
    for (const received_burst& burst : self.bursts)
        bursts.append(fields_of(burst));
    self.codewords.clear();
    self.bursts.clear();
    return py::make_tuple(codewords, bursts);
}

burst_header header_of(const std::string& bytes)
{
    burst_header header;
    if (bytes.copy(reinterpret_cast<char*>(header.bytes), header_bytes) != header_bytes)
        throw std::invalid_argument("bytes of a header must be 16");
    return header;
}

void bind_header(py::module_& m)
{
    m.attr("HEADER_SYMBOLS") = header_symbols;
    define(m,
           "encode_header",
           "Write the symbols (complex64) of a header's 16 bytes to out, of unit energy.",
           { "bytes", "out" },
           [](const std::string& bytes, output out) {
               encode_header(header_of(bytes),
                             data_of<sample>(out, "out", header_symbols));
           });
    define(m,
           "decode_header",
           "Return the arguments of Header of its symbols (complex64), or None if the "
           "CRC is wrong.",
           { "symbols" },
           [](input symbols) -> py::object {
               const auto* from = data_of<sample>(symbols, "symbols", header_symbols);
               const burst_header found = decode_header(from);
               return found.valid() ? py::object(fields_of(found)) : py::none();
           });
}

void bind_synchronizer(py::module_& m)
{
    define(m,
           "key_burst",
           "Write the symbols of a keyed burst (keyed_symbols.h) and its sealed header.",
           { "name", "header", "chips", "pilots", "symbols" },
           [](const std::string& name,
              const std::string& header,
              output chips,
              output pilots,
              output symbols) {
               const auto count = size_t(pilots.size());
               const keyed_symbols keyed(name, count);
               auto* at = data_of<float>(chips, "chips", keyed.chips.size());
               std::copy(keyed.chips.begin(), keyed.chips.end(), at);
               auto* to = data_of<sample>(pilots, "pilots", count);
               std::copy(keyed.pilots.begin(), keyed.pilots.end(), to);
               to = data_of<sample>(symbols, "symbols", header_symbols);
               encode_header(keyed.sealed(header_of(header)), to);
               keyed.mask(to);
           });
    py::class_<burst_synchronizer> synchronizer(
        m,
        "burst_synchronizer",
        "Receiver of bursts, from samples to aligned codewords.");
    synchronizer
        .def(py::init(&synchronizer_from),
             py::arg("layout"),
             py::arg("threshold"),
             py::arg("equalize"),
             py::arg("phase_walk"),
             py::arg("expected_hash"),
             py::arg("subtract_tones"))
        .def_readonly("samples", &burst_synchronizer::samples)
        .def_readonly("not_finite", &burst_synchronizer::not_finite)
        .def_readonly("preambles", &burst_synchronizer::preambles)
        .def_readonly("bad_headers", &burst_synchronizer::bad_headers)
        .def_readonly("forged", &burst_synchronizer::forged)
        .def_property_readonly("searched", &burst_synchronizer::searched)
        .def_property_readonly(
            "name", [](const burst_synchronizer& self) { return py::bytes(self.name()); })
        .def("expect",
             &burst_synchronizer::expect,
             "Search for keyed bursts of these names until a sample.");
    define(synchronizer,
           "push",
           "Take samples (complex64); return the codewords' symbols and the bursts.",
           { "samples" },
           &push);
}

} // namespace

void bind_modem(py::module_& m)
{
    m.attr("TAIL_SYMBOLS") = tail_symbols;
    bind_header(m);
    bind_synchronizer(m);
    define(m,
           "shape_pulses",
           "Write samples [rows][count * samples_per_symbol] of symbols [rows][count]; "
           "return their largest real or imaginary part.",
           { "symbols", "pulse", "samples_per_symbol", "scale", "out" },
           [](input symbols, input pulse, int sps, float scale, output out) {
               if (sps < 1)
                   throw std::invalid_argument(
                       "samples_per_symbol must be at least 1, got " +
                       std::to_string(sps));
               const size_t rows = rows_in(symbols, "symbols");
               const auto count = size_t(symbols.shape(1)), taps = size_t(pulse.size());
               const auto* from = data_of<sample>(symbols, "symbols", rows * count);
               const auto* g = data_of<float>(pulse, "pulse", taps);
               const size_t row = count * size_t(sps);
               auto* to = data_of<sample>(out, "out", rows * row);
               py::gil_scoped_release release;
               float most = 0;
               for (size_t r = 0; r < rows; ++r)
                   most = std::max(most,
                                   kernels().modem.shape_pulses(from + r * count,
                                                                count,
                                                                g,
                                                                taps,
                                                                size_t(sps),
                                                                scale,
                                                                to + r * row));
               return most;
           });
}

} // namespace gr::advphy
