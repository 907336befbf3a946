#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs what AIC compiles for CPUs with AVX-512 where there is none: an emulated machine (Bochs, Debian's kernel) calls
# the node tests and models, the outputs are compared here. Needs a build (utils/build.sh), root or sudo for five
# packages the first time, and about half an hour for everything.
# usage: avx512.sh [--cpu=NAME] [--match=REGEX] [--models=A,B] [--timeout=SECONDS]     avx512.sh --help says more
source "$(dirname "$0")/common.sh"
packages=(bochs bochsbios vgabios isolinux syslinux-common xorriso busybox-static cpio kmod)
root=()
[ "$(id -u)" = 0 ] || root=(sudo)
dpkg-query -W "${packages[@]}" >/dev/null 2>&1 ||
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
.venv/bin/python utils/prepare_models.py
exec .venv/bin/python utils/emulator/avx512.py "$@"
