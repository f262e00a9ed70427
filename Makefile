# Every target sets up what it needs in .venv and remembers it there: the second call is fast.

VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
RUN := $(VENV)/bin/python
BABEL = $(RUN) -m babel.messages.frontend --quiet
PINS := requirements/lock.txt
INSTALL = $(RUN) -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test test-fast coverage fuzz lint docs translations bench screenshots lock clean

help:
	@echo 'make demo         run the example at http://127.0.0.1:5080'
	@echo 'make test         run all tests, also in the browser, and check the coverage'
	@echo 'make test-fast    run all tests except attacks and those in the browser'
	@echo 'make coverage     run the same, and list lines that no test reaches'
	@echo 'make fuzz         look for pages that the tag breaks, and attack a service'
	@echo 'make lint         run ruff, codespell, mypy, pyright, TypeScript and zizmor'
	@echo 'make docs         build the manual in docs/_build/html'
	@echo 'make translations update and compile the catalogues'
	@echo 'make bench        measure speed and memory, next to their peers'
	@echo 'make screenshots  take the pictures of the README and the manual'
	@echo 'make lock         pin the newest versions in $(PINS)'
	@echo 'make clean        remove .venv and everything built'

# A recipe of one plain command: Ctrl-C reaches the example itself, and nothing else complains.
demo: $(VENV)/.demo
	@$(RUN) -m example_app

# A file stays in one process, because its tests share what they have set up.
PARALLEL := -n 2 --dist loadfile

ifdef ARGS
test: $(VENV)/.tests $(VENV)/.packages $(VENV)/.chromium
	$(RUN) -m pytest $(ARGS)
else
test: coverage $(VENV)/.packages $(VENV)/.chromium
	$(RUN) -m pytest -m 'browser or attack'
endif

test-fast: $(VENV)/.tests
	$(RUN) -m pytest -m 'not (browser or attack)' $(PARALLEL) $(ARGS)

coverage: $(VENV)/.tests
	$(RUN) -m coverage erase
	$(RUN) -m coverage run -m pytest -m 'not (browser or attack)' $(PARALLEL)
	$(RUN) -m coverage combine --quiet
	$(RUN) -m coverage report

fuzz: $(VENV)/.tests $(VENV)/.chromium
	$(RUN) -m tests.fuzz $(ARGS)
	$(RUN) -m tests.attacks

TSC := PATH="$(abspath $(VENV)/bin):$$PATH" tests/browser/node_modules/.bin/tsc

lint: $(VENV)/.lint $(VENV)/.packages
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m codespell_lib docs/*.rst *.md
	$(RUN) -m mypy
	$(RUN) -m mypy --strict --config-file= --follow-imports=silent tests/type_check
	$(RUN) -m pyright
	PATH="$(abspath $(VENV)/bin):$$PATH" PYTHONPATH=. $(RUN) -m pyright --verifytypes flask_chatvisor --ignoreexternal
	$(TSC) --project jsconfig.json
	$(VENV)/bin/zizmor --offline --quiet .github

docs: $(VENV)/.docs
	$(RUN) -m sphinx -E -W --keep-going -b html docs docs/_build/html

CATALOGUES := flask_chatvisor/translations
translations: $(VENV)/.translations
	@mkdir -p build
	$(BABEL) extract -F pyproject.toml -k say -k sayMany:1,2 --no-location --sort-output -o build/chatvisor.pot .
	$(BABEL) update -D chatvisor -i build/chatvisor.pot -d $(CATALOGUES) -w 88 --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BABEL) compile -D chatvisor -d $(CATALOGUES)

bench: $(VENV)/.bench $(VENV)/.chromium
	$(RUN) -m tests.benchmarks

screenshots: $(VENV)/.tests $(VENV)/.chromium
	$(RUN) -m tests.screenshots

# No hashes: what is pinned is the versions, for every Python and every system.
lock: $(VENV)/.lock
	$(RUN) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--all-extras --group dev --no-annotate --custom-compile-command 'make lock' \
		--output-file $(PINS) pyproject.toml example_app/requirements.txt

clean:
	rm -rf $(VENV) tests/browser/node_modules build dist docs/_build htmlcov .coverage* .mypy_cache .pytest_cache .ruff_cache

# Python 3.11 brings a pip that does not know --group yet.
$(VENV)/.created:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.demo: $(VENV)/.created pyproject.toml example_app/requirements.txt $(PINS)
	$(INSTALL) --constraint $(PINS) --editable '.[service]' --requirement example_app/requirements.txt
	@touch $@

$(VENV)/.tests $(VENV)/.lint $(VENV)/.docs $(VENV)/.bench $(VENV)/.translations $(VENV)/.lock: $(VENV)/.demo
	$(INSTALL) --constraint $(PINS) --group $(@F:.%=%)
	@touch $@

$(VENV)/.packages: $(VENV)/.tests tests/browser/package-lock.json
	$(RUN) -m tests.browser.packages
	@touch $@

# Not a file to remember: a browser may be removed, and looking for it costs nothing.
.PHONY: $(VENV)/.chromium
$(VENV)/.chromium: $(VENV)/.tests
	@$(RUN) -m tests.browser.chromium --install
