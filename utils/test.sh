#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sets everything up, builds and passes all tests: lit, GoogleTest, pytest. About 35 minutes on a fresh machine with
# 2 cores, 15 the second time. The last line counts the tests.
# usage: test.sh [--quick]      --quick leaves out the models, the ONNX node tests and the fuzzer
source "$(dirname "$0")/common.sh"
quick=0
[ "${1:-}" = --quick ] && quick=1
say "AIC tests: set up, build, test (about 35 minutes the first time)"
utils/setup.sh
utils/build.sh
say "models"
.venv/bin/python utils/prepare_models.py

logs=build/test-logs
rm -rf "$logs" && mkdir -p "$logs"
export AIC_CACHE_DIR=$AIC_ROOT/build/test-cache
rm -rf "$AIC_CACHE_DIR"
status=0
say "lit (about 2 minutes)"
# No limit on memory around lit: the sanitizers' tests need terabytes of address space.
timeout --kill-after=20 1500 .venv/bin/lit -sv --timeout 240 --xunit-xml-output "$logs/lit.xml" build/test || status=1

say "GoogleTest (about a minute)"
for test in build/unittests/*Tests; do
  [ -x "$test" ] || continue
  (ulimit -v $((8 << 20)) && exec timeout --kill-after=20 600 "$test" --gtest_brief=1 \
    --gtest_output="xml:$logs/$(basename "$test").xml") || status=1
done

say "pytest (about 10 minutes)"
select=()
((quick)) && select=(--ignore=test/python/backend --ignore=test/python/test_models.py -m "not slow")
# No address-space limit here: sanitizers and mapped weights need room; the tests limit what they start.
timeout --kill-after=20 3000 .venv/bin/python -m pytest test/python -q -p no:cacheprovider --durations=10 \
  --junitxml="$logs/pytest.xml" "${select[@]}" || status=1

if ! ((quick)); then
  say "fuzzers of the import, of NPU programs and of PTX (a minute each, and five to build them the first time)"
  for target in import npub ptx; do
    outcome= log=$logs/fuzz-$target.log
    timeout --kill-after=20 2400 utils/fuzz.sh --target=$target 60 -seed=1 >"$log" 2>&1 ||
      outcome="<failure message=\"see fuzz-$target.log\"/>"
    [ -z "$outcome" ] || { tail -n 60 "$log"; status=1; }
    echo "<testsuite><testcase classname=\"fuzz\" name=\"$target\">$outcome</testcase></testsuite>" >"$logs/fuzz-$target.xml"
  done
fi

say "done"
.venv/bin/python utils/count_tests.py "$logs" "$status"
