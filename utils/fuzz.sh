#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Fuzzes with sanitizers and assertions: `import` the ONNX importer, `npub` the reader of NPU programs, `ptx` the
# PTX executor. Builds what that needs into build-fuzz/ (3 minutes on 2 cores the first time, half a minute for the
# others). What it finds stays in build-fuzz/findings[-npub|-ptx] and is tried first the next time; fails if there is
# any.
# usage: fuzz.sh [--target=import|npub|ptx] [SECONDS] [LIBFUZZER OPTION...]
source "$(dirname "$0")/common.sh"
target=import
case ${1:-} in
--target=import | --target=npub | --target=ptx) target=${1#--target=}; shift ;;
--*) echo "error: expected --target=import, npub or ptx, got $1" >&2; exit 1 ;;
esac
limit=${1:-60}
shift $(($# > 0))
suffix=
[ "$target" = import ] || suffix=-$target
corpus=build-fuzz/corpus$suffix findings=build-fuzz/findings$suffix seeds=build-fuzz/seeds$suffix
fuzzer=build-fuzz/bin/aic-$target-fuzzer
options=(-rss_limit_mb=4096 -timeout=20)

say "configure and build (preset fuzz)"
mkdir -p "$corpus" "$findings"
log=build-fuzz/configure$suffix.log
cmake --preset fuzz >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
export UBSAN_OPTIONS=print_stacktrace=1
if [ "$target" = import ]; then
  NINJA_STATUS='[%f/%t %es] ' ninja -C build-fuzz aic-import-fuzzer
  if [ utils/fuzz_corpus.py -nt "$seeds" ]; then
    rm -rf "$seeds" "$seeds.new"
    .venv/bin/python utils/fuzz_corpus.py "$seeds.new"
    mv "$seeds.new" "$seeds"
  fi
  options+=(-max_len=8192)
  # libMLIR and libprotobuf are not instrumented: what only works when both sides are is off.
  export ASAN_OPTIONS=detect_container_overflow=0:detect_odr_violation=0:allow_user_poisoning=0
elif [ "$target" = ptx ]; then
  NINJA_STATUS='[%f/%t %es] ' ninja -C build-fuzz aic-ptx-fuzzer
  rm -rf "$seeds" && mkdir -p "$seeds"
  cp test/PTX/Inputs/*.ptx "$seeds"
  for file in test/PTX/*.test test/Tools/aic-ptx-run/*.test; do # the small kernels of the tests
    name=$(basename "$file")
    awk -v out="$seeds/$name" '/^\/\/--- /{n++; next} n{print > (out "." n ".ptx")}' "$file"
  done
  options+=(-max_len=40000 -only_ascii=1)
else
  NINJA_STATUS='[%f/%t %es] ' ninja -C build-fuzz aic-npub-fuzzer AICNPUContainerTests
  # The seeds are a good file and one broken file or more for each defect.
  rm -rf "$seeds" && mkdir -p "$seeds"
  AIC_NPUB_CORPUS=$seeds build-fuzz/unittests/AICNPUContainerTests --gtest_brief=1 --gtest_filter='Container.EveryDefect*'
  options+=(-max_len=6000 -dict=build-fuzz/include/aic/NPU/ISA/npu_isa.dict)
fi

say "fuzz $target for $limit seconds"
for finding in "$findings"/*; do
  [ -f "$finding" ] && "$fuzzer" "${options[@]}" "$finding"
done
"$fuzzer" "$corpus" "$seeds" -artifact_prefix="$findings/" "${options[@]}" -max_total_time="$limit" \
  -print_final_stats=1 "$@"
say "no finding"
