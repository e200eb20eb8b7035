# Every command of the project; `make` alone lists them.
PORT   ?= 8000
MODEL  ?= resnet50
DATA   ?= .local
PYTHON ?= python3
PHOTOS_DIR ?= ../shared/photos
MODELS := build/models

export PHOTOS_DIR
export PYTHONPATH := functions:.
BIN := .venv/bin
VENV := .venv/.installed
EMULATOR := .emulator/.installed
PIP_INSTALL := pip install --no-input --disable-pip-version-check --require-hashes

# bash for pipefail: a failed install must not look like a finished one.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run classify model test lint format bench lock clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo
	@echo '  Variables: PORT=8000 MODEL=resnet50|efficientnet-lite0 DATA=.local PHOTOS_DIR=folder'

run: $(VENV) $(EMULATOR) ## the whole service on this machine: page, API, Lambda environments
	@exec $(BIN)/python -m infra.local --port $(PORT) --model $(MODEL) --data $(DATA) --models-dir $(MODELS) $(RUN_ARGS)

classify: $(VENV) ## top five of photos in the terminal: IMAGES="a.jpg b.png"
	@test -n "$(IMAGES)" || { echo 'Name the photos: make classify IMAGES="a.jpg b.png"'; exit 2; }
	@$(BIN)/python -m infra.local.classify --model $(MODEL) --models-dir $(MODELS) $(IMAGES)

model: $(VENV) ## build a model artifact: MODEL=name, or MODEL_FILE=x.keras LABELS_FILE=y.json PREPROCESS=none|caffe|tf|torch
	@$(BIN)/python -m image_classifier.export $(if $(MODEL_FILE),--model-file $(MODEL_FILE) $(if $(LABELS_FILE),--labels-file $(LABELS_FILE)) $(if $(PREPROCESS),--preprocess $(PREPROCESS)) --output $(MODELS)/$(basename $(notdir $(MODEL_FILE))),--model $(MODEL) --output $(MODELS)/$(MODEL)) $(if $(QUANTIZATION),--quantization $(QUANTIZATION))

feedback-export: $(VENV) ## what people said of predictions: OUTPUT=feedback.csv FORMAT=csv|jsonl, TABLE=name in AWS
	@test -n "$(OUTPUT)" || { echo 'Name the file: make feedback-export OUTPUT=feedback.csv'; exit 2; }
	@$(BIN)/python -m infra.local.feedback_export --data $(DATA) --output $(OUTPUT) --format $(or $(FORMAT),csv) $(if $(TABLE),--table $(TABLE))

test: lint $(EMULATOR) ## lint, and every test this machine can run; what is skipped is named with its reason
	@$(BIN)/python -m pytest $(TESTS)

lint: $(VENV) ## ruff, mypy and cfn-lint
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/cfn-lint template.yaml

format: $(VENV) ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(VENV) $(EMULATOR) ## this handler against a usual one; writes benchmarks/results.json and .md
	@$(BIN)/python -m benchmarks

# No index address may get into a lock file, so none is emitted and none is annotated.
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)
lock: ## resolve pyproject.toml into the hash-locked requirements (needs uv)
	uv pip compile $(LOCK_OPTIONS) --group dev --output-file requirements/dev.txt
	uv pip compile $(LOCK_OPTIONS) --group emulator --no-deps --output-file requirements/emulator.txt
	uv pip compile $(LOCK_OPTIONS) --group image-classifier --constraints requirements/dev.txt --output-file functions/image_classifier/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group export --constraints requirements/dev.txt --output-file functions/image_classifier/export/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group feedback --constraints requirements/dev.txt --output-file functions/feedback/requirements.txt

clean: ## remove what was built and installed; keeps DATA
	rm -rf .venv .emulator build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed, $(PYTHON) is $$($(PYTHON) -V); name another: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv, about 2 GB."
	@$(PYTHON) -m venv .venv || { echo "Debian keeps venv in a package of its own: apt install python3-venv"; exit 1; }
	@$(BIN)/$(PIP_INSTALL) --progress-bar off --requirement $< | awk -v all="$$(grep -c == $<)" \
		'/^(Collecting|Processing)/ { printf "\r  %d of at most %d packages", ++got, all; fflush() } \
		 /^Installing/ { printf "\r  installing %d packages, which takes a while\n", got; fflush() }'
	@touch $@

# Alone in its own folder: only its emulator is used, and its pins clash with everything else.
$(EMULATOR): requirements/emulator.txt $(VENV)
	@$(BIN)/$(PIP_INSTALL) --quiet --no-deps --upgrade --target .emulator --requirement $<
	@touch $@
