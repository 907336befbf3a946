#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Fuzzes the ONNX importer with sanitizers and assertions. Builds what that needs into build-fuzz/ (3 minutes on 2 cores
# the first time). What it finds stays in build-fuzz/findings and is tried first the next time; fails if there is any.
# usage: fuzz.sh [SECONDS] [LIBFUZZER OPTION...]
source "$(dirname "$0")/common.sh"
limit=${1:-60}
shift $(($# > 0))
say "configure and build (preset fuzz)"
mkdir -p build-fuzz/corpus build-fuzz/findings
log=build-fuzz/configure.log
cmake --preset fuzz >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
NINJA_STATUS='[%f/%t %es] ' ninja -C build-fuzz aic-import-fuzzer
if [ utils/fuzz_corpus.py -nt build-fuzz/seeds ]; then
  rm -rf build-fuzz/seeds build-fuzz/seeds.new
  .venv/bin/python utils/fuzz_corpus.py build-fuzz/seeds.new
  mv build-fuzz/seeds.new build-fuzz/seeds
fi

say "fuzz for $limit seconds"
# libMLIR and libprotobuf are not instrumented: what only works when both sides are is off.
export ASAN_OPTIONS=detect_container_overflow=0:detect_odr_violation=0:allow_user_poisoning=0
export UBSAN_OPTIONS=print_stacktrace=1
for finding in build-fuzz/findings/*; do
  [ -f "$finding" ] && build-fuzz/bin/aic-import-fuzzer -rss_limit_mb=4096 -timeout=20 "$finding"
done
build-fuzz/bin/aic-import-fuzzer build-fuzz/corpus build-fuzz/seeds -artifact_prefix=build-fuzz/findings/ \
  -rss_limit_mb=4096 -timeout=20 -max_len=8192 -max_total_time="$limit" -print_final_stats=1 "$@"
say "no finding"
