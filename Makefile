# Every command of the project; `make` alone lists them.
PORT   ?= 8000
MODEL  ?= resnet50
DATA   ?= .local
ENV    ?= dev
PYTHON ?= python3
PHOTOS_DIR ?= ../shared/photos
MODELS := build/models
# All parameters of the stack: samconfig.toml's, then PARAMETERS, and the template's own for the rest.
DEPLOYED := build/deploy/$(ENV).yaml
# Load is compared on the embedded model, which every machine has, unless another is named.
LOAD = $(if $(USERS),--users $(USERS)) $(if $(TIME),--run-time $(TIME)) $(LOAD_ARGS)
LOAD_MODEL = $(if $(filter command line environment,$(origin MODEL)),--model $(MODEL))
TEMPLATES := template.yaml $(sort $(wildcard infra/*.yaml))
# SAM asks for an account even where it needs none.
NO_ACCOUNT := AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true

export PHOTOS_DIR
export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := functions:.
BIN := .venv/bin
VENV := .venv/.installed
EMULATOR := .emulator/.installed
SAM := .sam/.installed
CHECKOV := .checkov/.installed
PIP_INSTALL := pip install --no-input --disable-pip-version-check --require-hashes

# bash for pipefail: a failed install must not look like a finished one.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run classify model feedback-export feedback-restore test lint format bench load load-compare load-scaling soak images deploy rotate-key destroy lock clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'
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

feedback-restore: $(VENV) ## copy answers between tables in AWS; the later of two stands: FROM=restored TABLE=name
	@test -n "$(FROM)" -a -n "$(TABLE)" || { echo 'Name the tables: make feedback-restore FROM=restored TABLE=in-use'; exit 2; }
	@$(BIN)/python -m feedback.export.restore --from $(FROM) --to $(TABLE)

test: lint $(EMULATOR) ## lint, and every test this machine can run; what is skipped is named with its reason
	@$(BIN)/python -m pytest $(TESTS)

lint: $(VENV) $(SAM) $(CHECKOV) ## ruff and mypy; cfn-lint, sam validate and checkov for the templates
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/cfn-lint $(TEMPLATES)
	@$(NO_ACCOUNT) .sam/bin/sam validate --lint
	@.checkov/bin/checkov --config-file .checkov.yaml $(addprefix --file ,$(TEMPLATES))

format: $(VENV) ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(VENV) $(EMULATOR) ## this handler against a usual one; writes benchmarks/results.json and .md
	@$(BIN)/python -m benchmarks

load: $(VENV) ## load any address and report: URL=http://127.0.0.1:8000 USERS=50 TIME=2m LOAD_ARGS="--data .local"
	@test -n "$(URL)" || { echo 'Name the address: make load URL=http://127.0.0.1:8000'; exit 2; }
	@$(BIN)/python -m loadtest run --url $(URL) $(LOAD)

load-compare: $(VENV) $(EMULATOR) ## what provisioned concurrency buys: USERS=20 TIME=30s LOAD_ARGS="--rounds 3"
	@$(BIN)/python -m loadtest compare $(LOAD_MODEL) $(LOAD)

load-scaling: $(VENV) $(EMULATOR) ## the same load on 1, 2, 4 environments: USERS=50,100,500 TIME=3m LOAD_ARGS="--environments 1,2"
	@$(BIN)/python -m loadtest scaling $(LOAD_MODEL) $(LOAD)

soak: $(VENV) $(EMULATOR) ## good and hostile requests while environments are killed: TIME=10m
	@$(BIN)/locust -f loadtest/soak/locustfile.py --headless --only-summary --loglevel WARNING --users 8 --spawn-rate 8 --stop-timeout 40 --run-time $(or $(TIME),10m) --model $(MODEL) --models-dir $(MODELS) $(SOAK_ARGS)

# What an account needs is in infra/README.md. Images are built one after the other: the second and
# third take the model's stage from the first one's cache.
images: $(VENV) $(SAM) ## build the functions' images with SAM: ENV=dev|prod PARAMETERS="Model=efficientnet-lite0"
	$(BIN)/python -m infra.deploy parameters --env $(ENV) --file $(DEPLOYED) $(PARAMETERS)
	.sam/bin/sam build --config-env $(ENV) --parameter-overrides file://$(DEPLOYED)

deploy: images ## build and deploy to AWS, publish the page, try it all: ENV=dev|prod PARAMETERS="Rollout=AllAtOnce"
	.sam/bin/sam validate --lint --config-env $(ENV)
	$(BIN)/python -m infra.deploy release --file $(DEPLOYED)
	.sam/bin/sam deploy --config-env $(ENV) --parameter-overrides file://$(DEPLOYED)
	$(BIN)/python -m infra.deploy page --env $(ENV)
	$(BIN)/python -m infra.deploy smoke --env $(ENV)

rotate-key: $(VENV) $(SAM) ## a new receipt key, deployed; after a leak twice: ENV=dev|prod
	$(BIN)/python -m infra.deploy rotate --env $(ENV)
	$(MAKE) deploy ENV=$(ENV) PARAMETERS="$(PARAMETERS) ReceiptKeyRotation=$$(date -u +%Y-%m-%dT%H:%M:%SZ)"

destroy: $(VENV) $(SAM) ## delete what deploy made, but for the feedback table: ENV=dev|prod, CONFIRM=dev|prod asks nothing
	@answer="$(CONFIRM)"; [ -n "$$answer" ] || read -r -p "This deletes $(ENV): page, API, functions, logs. Type $(ENV) to go on: " answer; \
		[ "$$answer" = "$(ENV)" ] || { echo "Nothing was deleted."; exit 1; }
	$(BIN)/python -m infra.deploy empty --env $(ENV)
	.sam/bin/sam delete --config-env $(ENV) --no-prompts

# No index address may get into a lock file, so none is emitted and none is annotated.
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)
lock: ## resolve pyproject.toml into the hash-locked requirements (needs uv)
	uv pip compile $(LOCK_OPTIONS) --group dev --output-file requirements/dev.txt
	uv pip compile $(LOCK_OPTIONS) --group emulator --no-deps --output-file requirements/emulator.txt
	uv pip compile $(LOCK_OPTIONS) --no-strip-extras --group sam --output-file requirements/sam.txt
	uv pip compile $(LOCK_OPTIONS) --group checkov --output-file requirements/checkov.txt
	uv pip compile $(LOCK_OPTIONS) --group image-classifier --constraints requirements/dev.txt --output-file functions/image_classifier/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group export --constraints requirements/dev.txt --output-file functions/image_classifier/export/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group deployment-check --constraints requirements/dev.txt --output-file functions/deployment_check/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group feedback --constraints requirements/dev.txt --output-file functions/feedback/requirements.txt

clean: ## remove what was built and installed; keeps DATA
	rm -rf .venv .emulator .sam .checkov .aws-sam build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed, $(PYTHON) is $$($(PYTHON) -V); name another: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv, about 2 GB."
	@$(PYTHON) -m venv .venv || { echo "Debian keeps venv in a package of its own: apt install python3-venv"; exit 1; }
	@$(BIN)/$(PIP_INSTALL) --progress-bar off --requirement $< | awk -v all="$$(grep -c == $<)" \
		'/^(Collecting|Processing)/ { printf "\r  %d of at most %d packages", ++got, all; fflush() } \
		 /^Installing/ { printf "\r  installing %d packages, which takes a while\n", got; fflush() }'
	@touch $@

# Each in an environment of its own: their pins clash with everything else.
$(SAM) $(CHECKOV): .%/.installed: requirements/%.txt
	@echo "Setting up .$*, about 300 MB."
	@$(PYTHON) -m venv .$*
	@.$*/bin/$(PIP_INSTALL) --quiet --quiet --no-deps --requirement $<
	@touch $@

# Alone in its own folder: only its emulator is used, and its pins clash with everything else.
$(EMULATOR): requirements/emulator.txt $(VENV)
	@$(BIN)/$(PIP_INSTALL) --quiet --no-deps --upgrade --target .emulator --requirement $<
	@touch $@
