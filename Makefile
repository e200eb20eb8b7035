# Every command of the project; `make` alone lists them.
PORT   ?= 8000
MODEL  ?= resnet50
DATA   ?= .local
ENV    ?= dev
PYTHON ?= python3
PHOTOS_DIR ?= ../shared/photos
MODELS := build/models
TABULAR := iris flight-delay
MLFLOW_PORT ?= 8081
JOBS   ?= 2
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
export MLFLOW_DISABLE_TELEMETRY := true
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false
export PYTHONPATH := functions:.
# What is imported is compiled once: with this variable every process would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE
# Environments, each installed by the first command that needs it. .venv runs the service, .dev has
# what developing, loading and testing need as well, .export builds models with TensorFlow, and
# .train trains the tabular ones.
RUN := .venv/.installed
DEV := .dev/.installed
EXPORT := .export/.installed
TRAIN := .train/.installed
SAM := .sam/.installed
CHECKOV := .checkov/.installed
STAND_IN := .stand-in/.installed
EMULATOR := .emulator/.installed
BIN := .dev/bin
PYTHON_RUN := .venv/bin/python
# They run side by side, each when its own tools are there.
LINTS := lint-python lint-templates lint-sam lint-rules
EXPORT_REQUIREMENTS := functions/image_classifier/export/requirements.txt
# .venv's pip serves all environments. The lock files are complete and so need no resolving; modules
# are compiled when they are first imported, as most never are.
PIP_INSTALL := .venv/bin/python -m pip --no-input --disable-pip-version-check
PIP_OPTIONS := --no-deps --no-compile --require-hashes

# bash for pipefail: a failed install must not look like a finished one.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run classify collection evaluate drift model teach train mlflow feedback-export feedback-restore test fuzz lint $(LINTS) format bench load load-compare load-scaling soak installed images deploy rotate-key destroy lock clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'
	@echo
	@echo '  Variables: PORT=8000 MODEL=resnet50|efficientnet-lite0 DATA=.local PHOTOS_DIR=folder'

run: installed ## the whole service on this machine: page, API, Lambda environments
	@exec $(PYTHON_RUN) -m infra.commands.run --port $(PORT) --model $(MODEL) --data $(DATA) --models-dir $(MODELS) --parameter FrontDoors=on $(RUN_ARGS)

# What is missing is installed side by side: pip alone keeps one core busy.
installed:
	@$(MAKE) --silent --jobs 3 $(RUN) $(EMULATOR) $(STAND_IN)

classify: $(RUN) ## top five of photos in the terminal: IMAGES="a.jpg b.png"
	@test -n "$(IMAGES)" || { echo 'Name the photos: make classify IMAGES="a.jpg b.png"'; exit 2; }
	@$(PYTHON_RUN) -m infra.commands.classify --model $(MODEL) --models-dir $(MODELS) $(IMAGES)

collection: $(RUN) ## a folder, .zip or bucket of photos, classified and reported: PHOTOS=~/pictures OUTPUT=sorted, TOP_K=5 MIN_SCORE=0.8 ARRANGE=none|link|copy CONCURRENCY=2; s3://… with STACK=dev
	@test -n "$(PHOTOS)" -a -n "$(OUTPUT)" || { echo 'Name both: make collection PHOTOS=~/pictures OUTPUT=sorted'; exit 2; }
	@exec $(PYTHON_RUN) -m infra.commands.collection --photos "$(PHOTOS)" --output "$(OUTPUT)" --model $(MODEL) --models-dir $(MODELS) --data $(DATA) $(if $(TOP_K),--top-k $(TOP_K)) $(if $(MIN_SCORE),--min-score $(MIN_SCORE)) $(if $(ARRANGE),--arrange $(ARRANGE)) $(if $(CONCURRENCY),--concurrency $(CONCURRENCY)) $(if $(STACK),--stack $(STACK))

ifneq ($(filter $(TABULAR),$(MODEL)),)
model: $(TRAIN)
	@.train/bin/python -m training $(MODEL) --data $(DATA) --champion --output $(MODELS)/$(MODEL)
else
model: $(RUN) ## build a model artifact: MODEL=name, or MODEL_FILE=x.keras LABELS_FILE=y.json PREPROCESS=none|caffe|tf|torch RESAMPLING=bilinear|bicubic RESIZE=256; CALIBRATION=folder of labelled photos
	@$(if $(MODEL_FILE)$(filter-out resnet50,$(MODEL)),,$(PYTHON_RUN) -m image_classifier.export.available)
	@$(MAKE) --silent $(EXPORT)
	@.export/bin/python -m $(if $(CALIBRATION),teaching.calibrated --photos "$(CALIBRATION)" $(if $(MIN_PRECISION),--min-precision $(MIN_PRECISION)) --,image_classifier.export) $(if $(MODEL_FILE),--model-file $(MODEL_FILE) $(if $(LABELS_FILE),--labels-file $(LABELS_FILE)) $(if $(PREPROCESS),--preprocess $(PREPROCESS)) $(if $(RESAMPLING),--resampling $(RESAMPLING)) $(if $(RESIZE),--resize $(RESIZE)) --output $(MODELS)/$(basename $(notdir $(MODEL_FILE))),--model $(MODEL) --output $(MODELS)/$(MODEL)) $(if $(QUANTIZATION),--quantization $(QUANTIZATION))

endif

teach: $(RUN) ## your own categories, from a folder of photos for each: PHOTOS=folder NAME=insects BASE=efficientnet-lite0|resnet50 TEST=folder|0.2 MIN_PRECISION=0.95 SEED=0, FEEDBACK=feedback.jsonl FEEDBACK_PHOTOS=folder
	@test -n "$(PHOTOS)" -a -n "$(NAME)" || { echo 'Name both: make teach PHOTOS=folder NAME=insects'; exit 2; }
	@$(if $(filter resnet50,$(BASE)),$(PYTHON_RUN) -m image_classifier.export.available)
	@$(MAKE) --silent $(EXPORT)
	@exec .export/bin/python -m teaching --photos "$(PHOTOS)" --name "$(NAME)" --models-dir $(MODELS) $(if $(BASE),--base $(BASE)) $(if $(TEST),--test "$(TEST)") $(if $(MIN_PRECISION),--min-precision $(MIN_PRECISION)) $(if $(SEED),--seed $(SEED)) $(if $(FEEDBACK),--feedback "$(FEEDBACK)") $(if $(FEEDBACK_PHOTOS),--feedback-photos "$(FEEDBACK_PHOTOS)")

train: $(TRAIN) ## train a tabular model and track it in MLflow: MODEL=iris|flight-delay DATASET=dataset_SCL.csv, or EMBED=1 for the embedded one
	@test -n "$(filter $(TABULAR),$(MODEL))" || { echo 'Name the model: make train MODEL=iris or MODEL=flight-delay'; exit 2; }
	@.train/bin/python -m training $(MODEL) --data $(DATA) $(if $(DATASET),--dataset $(DATASET)) $(if $(EMBED),--embed)

mlflow: $(TRAIN) ## the page of what was trained, on 8081: DATA=.local
	@exec .train/bin/mlflow server --backend-store-uri $(or $(MLFLOW_TRACKING_URI),sqlite:///$(abspath $(DATA))/mlflow/mlflow.db) --host 127.0.0.1 --port $(MLFLOW_PORT) --workers 1

evaluate: $(RUN) ## how right a model is on labelled photos: PHOTOS=folder (one a class, or with labels.csv) MODEL=name LABELS=table.csv OUTPUT=folder
	@test -n "$(PHOTOS)" || { echo 'Name the photos: make evaluate PHOTOS=folder MODEL=insects'; exit 2; }
	@exec $(PYTHON_RUN) -m evaluation --photos "$(PHOTOS)" --model $(MODEL) --models-dir $(MODELS) $(if $(LABELS),--labels "$(LABELS)") $(if $(OUTPUT),--output "$(OUTPUT)")

drift: $(RUN) ## whether photos in use are like those held out: MODEL=name DATA=.local LAST=1000, or STACK=dev, or LOG_GROUP=name
	@exec $(PYTHON_RUN) -m evaluation.drift --model $(MODEL) --models-dir $(MODELS) --data $(DATA) $(if $(LAST),--last $(LAST)) $(if $(STACK),--stack $(STACK)) $(if $(LOG_GROUP),--log-group $(LOG_GROUP))

feedback-export: $(RUN) $(STAND_IN) ## what people said of predictions: OUTPUT=feedback.csv FORMAT=csv|jsonl, TABLE=name in AWS
	@test -n "$(OUTPUT)" || { echo 'Name the file: make feedback-export OUTPUT=feedback.csv'; exit 2; }
	@$(PYTHON_RUN) -m infra.commands.feedback_export --data $(DATA) --output $(OUTPUT) --format $(or $(FORMAT),csv) $(if $(TABLE),--table $(TABLE))

feedback-restore: $(RUN) ## copy answers into the table in use in AWS; the later of two stands: FROM=restored ENV=dev|prod, or TABLE=name DAYS=730
	@test -n "$(FROM)" -a -n "$(or $(TABLE),$(filter command line environment,$(origin ENV)))" || { echo 'Name both: make feedback-restore FROM=restored ENV=dev'; exit 2; }
	@test -z "$(TABLE)" -o -n "$(DAYS)" || { echo 'Say for how many days that table keeps answers: DAYS=730'; exit 2; }
	@$(PYTHON_RUN) -m $(if $(TABLE),feedback.archive.restore --from $(FROM) --to $(TABLE) --retention-days $(DAYS),infra.deploy restore --from $(FROM) --env $(ENV))

test: ## lint, and every test this machine can run; what is skipped is named with its reason
	@$(MAKE) --silent --jobs 2 $(LINTS) $(EMULATOR) $(STAND_IN) $(if $(CI),$(TRAIN))
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadscope --no-loadscope-reorder $(TESTS)

fuzz: $(DEV) ## property tests with ever new inputs, until one is found that fails: TIME=10m
	@$(BIN)/python -m pytest -p tests.fuzz --fuzz $(or $(TIME),10m) --hypothesis-profile new -m hypothesis -x -q $(TESTS)

lint: ## ruff and mypy; cfn-lint, sam validate and checkov for the templates
	@$(MAKE) --silent --jobs 2 $(LINTS)

lint-python: $(DEV)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

lint-templates: $(DEV)
	@$(BIN)/cfn-lint $(TEMPLATES)

lint-sam: $(SAM)
	@$(NO_ACCOUNT) .sam/bin/sam validate --lint

lint-rules: $(CHECKOV)
	@.checkov/bin/checkov --config-file .checkov.yaml $(addprefix --file ,$(TEMPLATES))

format: $(DEV) ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(DEV) $(EMULATOR) $(STAND_IN) ## this handler against a usual one; writes benchmarks/results.json and .md
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.queued

load: $(DEV) ## load any address and report: URL=http://127.0.0.1:8000 USERS=50 TIME=2m LOAD_ARGS="--user Iris|FlightDelay --data .local"
	@test -n "$(URL)" || { echo 'Name the address: make load URL=http://127.0.0.1:8000'; exit 2; }
	@$(BIN)/python -m loadtest run --url $(URL) $(LOAD)

load-compare: $(DEV) $(EMULATOR) $(STAND_IN) ## what provisioned concurrency buys: USERS=20 TIME=30s LOAD_ARGS="--rounds 3"
	@$(BIN)/python -m loadtest compare $(LOAD_MODEL) $(LOAD)

load-scaling: $(DEV) $(EMULATOR) $(STAND_IN) ## the same load on 1, 2, 4 environments: USERS=50,100,500 TIME=3m LOAD_ARGS="--environments 1,2"
	@$(BIN)/python -m loadtest scaling $(LOAD_MODEL) $(LOAD)

soak: $(DEV) $(EMULATOR) $(STAND_IN) ## good and hostile requests, photos that wait, while environments are killed: TIME=10m LOAD_ARGS="--kill-every 10"
	@$(BIN)/python -m loadtest soak --model $(MODEL) $(LOAD)

# What an account needs is in infra/README.md. Images are built one after the other: the second and
# third take the model's stage from the first one's cache.
images: $(RUN) $(SAM) ## build the functions' images with SAM: ENV=dev|prod PARAMETERS="Model=efficientnet-lite0"
	$(PYTHON_RUN) -m infra.deploy parameters --env $(ENV) --file $(DEPLOYED) $(PARAMETERS)
	.sam/bin/sam build --config-env $(ENV) --parameter-overrides file://$(DEPLOYED)

deploy: images ## build and deploy to AWS, publish the page, try it all: ENV=dev|prod PARAMETERS="Rollout=AllAtOnce"
	.sam/bin/sam validate --lint --config-env $(ENV)
	$(PYTHON_RUN) -m infra.deploy release --env $(ENV) --file $(DEPLOYED)
	.sam/bin/sam deploy --config-env $(ENV) --parameter-overrides file://$(DEPLOYED)
	$(PYTHON_RUN) -m infra.deploy page --env $(ENV)
	$(PYTHON_RUN) -m infra.deploy smoke --env $(ENV)

rotate-key: $(RUN) $(SAM) ## a new receipt key, deployed; after a leak twice: ENV=dev|prod
	$(PYTHON_RUN) -m infra.deploy rotate --env $(ENV)
	$(MAKE) deploy ENV=$(ENV) PARAMETERS="$(PARAMETERS) ReceiptKeyRotation=$$(date -u +%Y-%m-%dT%H:%M:%SZ)"

destroy: $(RUN) $(SAM) ## delete what deploy made, but for the feedback table and collections' results: ENV=dev|prod, CONFIRM=dev|prod asks nothing
	@answer="$(CONFIRM)"; [ -n "$$answer" ] || read -r -p "This deletes $(ENV): page, API, functions, logs. Type $(ENV) to go on: " answer; \
		[ "$$answer" = "$(ENV)" ] || { echo "Nothing was deleted."; exit 1; }
	$(PYTHON_RUN) -m infra.deploy empty --env $(ENV)
	.sam/bin/sam delete --config-env $(ENV) --no-prompts

# No index address may get into a lock file, so none is emitted and none is annotated.
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)
# What runs in production comes first and development follows it, so that no tool holds it back.
lock: ## resolve pyproject.toml into the hash-locked requirements (needs uv)
	uv pip compile $(LOCK_OPTIONS) --group export --output-file functions/image_classifier/export/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group photos --no-deps --constraints functions/image_classifier/export/requirements.txt --output-file functions/image_classifier/export/photos.txt
	uv pip compile $(LOCK_OPTIONS) --group image-classifier --constraints functions/image_classifier/export/requirements.txt --output-file functions/image_classifier/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group feedback --constraints functions/image_classifier/requirements.txt --output-file functions/feedback/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group image-collections --constraints functions/feedback/requirements.txt --output-file functions/image_collections/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group predictions --constraints functions/image_classifier/requirements.txt --output-file functions/predictions/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group tabular --constraints functions/image_classifier/requirements.txt --output-file functions/tabular/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group deployment-check --constraints functions/feedback/requirements.txt --output-file functions/deployment_check/requirements.txt
	uv pip compile $(LOCK_OPTIONS) --group run $(addprefix --constraints ,functions/image_classifier/requirements.txt functions/feedback/requirements.txt functions/predictions/requirements.txt functions/tabular/requirements.txt) --output-file requirements/run.txt
	uv pip compile $(LOCK_OPTIONS) --group dev $(addprefix --constraints ,functions/image_classifier/export/requirements.txt requirements/run.txt) --output-file requirements/dev.txt
	uv pip compile $(LOCK_OPTIONS) --group train --constraints functions/tabular/requirements.txt --output-file requirements/train.txt
	uv pip compile $(LOCK_OPTIONS) --group emulator --no-deps --output-file requirements/emulator.txt
	uv pip compile $(LOCK_OPTIONS) --no-strip-extras --group sam --output-file requirements/sam.txt
	uv pip compile $(LOCK_OPTIONS) --group checkov --output-file requirements/checkov.txt
	uv pip compile $(LOCK_OPTIONS) --group stand-in --output-file requirements/stand-in.txt

clean: ## remove what was built and installed; keeps DATA
	rm -rf .venv .dev .export .train .emulator .sam .checkov .stand-in .aws-sam build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed, $(PYTHON) is $$($(PYTHON) -V); name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Debian keeps venv in a package of its own: apt install python3-venv"; exit 1; }

$(RUN): requirements/run.txt
$(DEV): requirements/dev.txt
$(SAM): requirements/sam.txt
$(CHECKOV): requirements/checkov.txt
$(STAND_IN): requirements/stand-in.txt
$(EXPORT): $(EXPORT_REQUIREMENTS)
$(TRAIN): requirements/train.txt
SIZE_MB_.venv := 320
SIZE_MB_.dev := 2250
SIZE_MB_.export := 1750
SIZE_MB_.train := 750
SIZE_MB_.sam := 220
SIZE_MB_.checkov := 200
SIZE_MB_.stand-in := 60

$(RUN) $(DEV) $(EXPORT) $(TRAIN) $(SAM) $(CHECKOV) $(STAND_IN): %/.installed: | .venv/bin/pip
	@echo "Setting up $*, about $(SIZE_MB_$*) MB."
	@test -e $*/bin/python || $(PYTHON) -m venv --without-pip $*
	@$(PIP_INSTALL) --python $*/bin/python install $(PIP_OPTIONS) --progress-bar off --requirement $< | awk -v name=$* -v all="$$(grep -c == $<)" \
		'/^(Collecting|Processing)/ { printf "\r  %s: %d of at most %d packages", name, ++got, all; fflush() } \
		 /^Installing/ { printf "\r  %s: installing %d packages         \n", name, got; fflush() }'
	@touch $@

# Only its emulator is used.
$(EMULATOR): requirements/emulator.txt | .venv/bin/pip
	@$(PIP_INSTALL) --quiet install $(PIP_OPTIONS) --upgrade --target .emulator --requirement $<
	@touch $@
