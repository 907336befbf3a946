#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sets everything up and reads text from a picture with models that AIC compiled.
# About 20 minutes on a fresh machine with 2 cores, under a minute the second time.
source "$(dirname "$0")/common.sh"
say "AIC demo: set up, build, read text from a picture (about 20 minutes the first time)"
utils/setup.sh
utils/build.sh
say "models"
.venv/bin/python utils/prepare_models.py
say "demo"
.venv/bin/python -m aic.demo --out build/demo
