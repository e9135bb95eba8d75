# make demo TEXT="..."   a film in out/demo.mp4, from nothing but Python 3.11 and a package index; OPTIONS="--avatar omar"
# make test              everything that is checked: lint, types, layers, tests
# make bench             how fast and how small, as a table
# make clean             remove what the above made
TEXT ?= Hello, I am Ada. Let us look at prime numbers together.
OPTIONS ?= --avatar ada
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP = -m pip install --quiet --disable-pip-version-check
# Modules are compiled when they are first imported, and that is kept, whatever the shell wants: tests start many processes.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test bench clean
.DELETE_ON_ERROR:

demo: .venv-core/.ready
	@mkdir -p out
	@.venv-core/bin/python -m avatar speak "$$TEXT" -o out/demo.mp4 --certificate out/demo.certificate.json $(OPTIONS)
export TEXT

test: .venv/.ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	# What waits for a browser, a process or a server gets a second try when time ran out, and for no other reason.
	.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder --reruns 1 --only-rerun Timeout

bench: .venv/.ready
	.venv/bin/python -m benchmarks

clean:
	rm -rf .venv .venv-core out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv-core/.ready: requirements-core.txt
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed: make PYTHON=..."'
	$(PYTHON) -m venv .venv-core
	.venv-core/bin/python $(PIP) -r requirements-core.txt
	@touch $@

.venv/.ready: requirements.txt requirements-dev.txt requirements-core.txt
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed: make PYTHON=..."'
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP) --no-compile -r requirements.txt -r requirements-dev.txt
	# Tests that look with MediaPipe want two system libraries, those of the page a browser; where they can't be had, those
	# tests skip and say so.
	-@{ ldconfig -p | grep -q libGLESv2.so.2 && command -v chromium >/dev/null; } \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -y -qq --no-install-recommends libegl1 libgles2 chromium; } >/dev/null 2>&1
	# OpenCV's windowed build wants libGL; where that is missing the headless one takes its place.
	.venv/bin/python -c 'import cv2' 2>/dev/null || .venv/bin/python $(PIP) --force-reinstall --no-deps $$(grep ^opencv requirements-core.txt)
	@touch $@
