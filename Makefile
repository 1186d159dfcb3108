# SPDX-License-Identifier: GPL-3.0-or-later
# What a user does with a clone; `make help` lists it.

PYTHON := $(or $(ADVPHY_PYTHON),/usr/bin/python3)
CMAKE_OPTIONS := -DADVPHY_PYTHON=$(PYTHON)
RESULTS := results
# Compilers at once: each takes up to 450 MB.
JOBS := $(shell awk -v cores=$$(nproc) '/^MemTotal/ {jobs = int($$2 / 800000); \
            print jobs < 1 ? 1 : jobs < cores ? jobs : cores}' /proc/meminfo)
# The staged packages and blocks, ready to run without installing.
STAGED := PYTHONPATH="$(CURDIR)/build/test_modules:$$PYTHONPATH" \
          GRC_BLOCKS_PATH="$(CURDIR)/grc:$$GRC_BLOCKS_PATH"
LINKS := autoencoder_mlp autoencoder_cnn hamming74_hard hamming74_ml two_simplices
# Debian's Companion looks for a file of this name, and warns when it is not a path.
TERMINAL := GR_CONF_GRC_XTERM_EXECUTABLE=$$(command -v $${GR_CONF_GRC_XTERM_EXECUTABLE:-x-terminal-emulator})
EXAMPLE := attacked_link
# A name of examples/ or docs/tutorial/; empty: an empty canvas.
FLOWGRAPH = $(firstword $(wildcard examples/$(EXAMPLE).grc docs/tutorial/$(EXAMPLE).grc))
PYTEST := .venv/bin/python -m pytest
# What make sanitize runs: blocks that call kernels, in many threads.
BLOCK_TESTS := $(patsubst %,tests/qa_%.py,blocks burst_modem perturbation_canceller \
                 sample_channel semantic_blocks payload shared_air)
fuzz: SECONDS := 600
soak: SECONDS := 7200
CPP := $(wildcard lib/*.cc lib/*.h lib/*/*.cc lib/*/*.h)

.PHONY: help demo test test-slow build grc pictures bench install uninstall deb sbom models lint analyze format sanitize fuzz soak mutants environment compile clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

build: ## install what is missing and build into build/
	@setup/packages.sh build
	@$(MAKE) -s compile

compile:
	@mkdir -p build
	@setup/stage.sh configure build/configure.log cmake -S . -B build $(CMAKE_OPTIONS) || \
	    { cat build/configure.log; echo "gr-advphy: CMake failed" >&2; exit 2; }
	@setup/stage.sh "compile, about 3 minutes on two cores" build/build.log cmake --build build --parallel $(JOBS) || \
	    { cat build/build.log; echo "gr-advphy: the build failed" >&2; exit 2; }

demo: build ## stream the shipped links over Eb/N0 0..8 dB: table, figure, CSV
	@mkdir -p $(RESULTS)
	@$(PYTHON) apps/advphy measure $(LINKS) --ebn0-db 0:8:1 --out $(RESULTS)/demo.csv
	@$(PYTHON) apps/advphy plot $(RESULTS)/demo.csv --out $(RESULTS)/demo.png
	@echo "counts: $(RESULTS)/demo.csv   figure: $(RESULTS)/demo.png"
	@echo "apps/advphy demo: the examples in a window, to start and stop"

environment: ## make .venv with torch, to train and to bring networks of your own
	@setup/packages.sh test
	@setup/environment.sh
	@$(MAKE) -s compile CMAKE_OPTIONS="$(CMAKE_OPTIONS) -DADVPHY_TESTS=ON"

test: environment lint ## run the tests (pytest and ctest)
	@ctest --test-dir build --output-on-failure -LE python
	@QT_QPA_PLATFORM=offscreen $(STAGED) $(PYTEST) -n 2 -m "not slow" tests

test-slow: environment ## run the slow tests too
	@QT_QPA_PLATFORM=offscreen $(STAGED) $(PYTEST) -m slow -o faulthandler_timeout=7200 tests

lint: environment
	@.venv/bin/ruff check -q . && .venv/bin/ruff format -q --check .
	@.venv/bin/clang-format --dry-run -Werror $(CPP)

format: environment ## format the sources
	@.venv/bin/ruff check -q --fix . ; .venv/bin/ruff format -q .
	@.venv/bin/clang-format -i $(CPP)

sanitize: environment ## run the tests of kernels and blocks under sanitizers
	@JOBS=$(JOBS) setup/sanitize.sh address,undefined $(BLOCK_TESTS)
	@JOBS=$(JOBS) setup/sanitize.sh thread tests/qa_blocks.py tests/qa_shared_air.py

soak: environment ## run windows, radios and watch for SECONDS=7200; build/soak has their growth
	@$(STAGED) .venv/bin/python -m tests.soak $(SECONDS) build/soak

fuzz: environment ## fuzz the kernels, SECONDS=600 each; KERNEL=... for one
	@JOBS=$(JOBS) setup/fuzz.sh $(SECONDS) $(KERNEL)

mutants: environment ## plant 300 small faults and print those that no test notices
	@$(PYTHON) setup/mutants.py $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT))

analyze: environment ## look for faults in the sources with clang-tidy and cppcheck
	@setup/build_tools.sh
	@command -v cppcheck >/dev/null || { echo "gr-advphy: install cppcheck" >&2; exit 2; }
	@cppcheck -q --enable=warning,performance,portability --std=c++17 --error-exitcode=1 \
	    -I lib "-DPYBIND11_MODULE(a,b)=void a(py::module_& b)" \
	    --suppress=uninitvar:lib/air/mixture_simd.cc lib
	@build-tools/bin/clang-tidy --quiet -p build --extra-arg=-Wno-unknown-warning-option \
	    $(filter %.cc,$(filter-out $(wildcard lib/qa* lib/*/qa_*),$(CPP))) 2>/dev/null

grc: ## open GNU Radio Companion with the blocks found; EXAMPLE=... of examples/
	@setup/packages.sh grc
	@$(MAKE) -s compile
	@[ -z "$(EXAMPLE)" ] || [ "$(FLOWGRAPH)" ] || { echo "gr-advphy: there is no example" \
	    "$(EXAMPLE); EXAMPLE is one of:" $(basename $(notdir $(wildcard examples/*.grc \
	    docs/tutorial/*.grc))) >&2; exit 2; }
	@$(STAGED) $(TERMINAL) $(PYTHON) setup/companion.py $(FLOWGRAPH)

pictures: ## draw flowgraphs and windows that have changed; NAME=... for one, or all
	@setup/packages.sh pictures
	@$(MAKE) -s compile
	@$(STAGED) SOAPY_SDR_PLUGIN_PATH="$(CURDIR)/build/standin" $(PYTHON) setup/pictures.py $(NAME)

bench: environment ## measure speed against torch and onnxruntime
	@mkdir -p $(RESULTS)
	@$(PYTHON) apps/advphy bench --json $(RESULTS)/bench.json

install: ## install under /usr/local (sudo make install)
	@setup/packages.sh build
	@$(MAKE) -s compile
	@cmake --install build >build/install.log || { cat build/install.log; exit 2; }
	@[ -z "$$SUDO_UID" ] || chown -R "$$SUDO_UID:$$SUDO_GID" build
	@echo "gr-advphy: installed; the files are listed in build/install_manifest.txt"

uninstall: ## remove what make install has installed (sudo make uninstall)
	@[ -f build/install_manifest.txt ] || { echo "gr-advphy: there is no" \
	    "build/install_manifest.txt; run make uninstall in the clone that was installed" >&2; exit 2; }
	@setup/uninstall.sh build/install_manifest.txt

deb: ## build a Debian package for this release, build-deb/gr-advphy_*.deb
	@setup/packages.sh deb
	@mkdir -p build-deb
	@cmake -S . -B build-deb $(CMAKE_OPTIONS) -DCMAKE_INSTALL_PREFIX=/usr \
	    -DADVPHY_PYTHON_DIR=lib/python3/dist-packages >build-deb/configure.log 2>&1 || \
	    { cat build-deb/configure.log; exit 2; }
	@umask 022; SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct || date -r CMakeLists.txt +%s)} \
	    cmake --build build-deb --parallel $(JOBS) --target package >build-deb/build.log 2>&1 || \
	    { cat build-deb/build.log; exit 2; }
	@ls build-deb/*.deb

sbom: deb ## write the bill of materials of that package, build-deb/gr-advphy_*.cdx.json
	@setup/build_tools.sh
	@for deb in build-deb/*.deb; do $(PYTHON) setup/sbom.py "$$deb" "$${deb%.deb}.cdx.json"; done
	@ls build-deb/*.cdx.json

models: environment ## train the shipped models again, into results/
	@setup/models.sh $(RESULTS)

clean: ## remove what was built
	@rm -rf build build-*
