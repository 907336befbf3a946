#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs what AIC needs on Debian 12: compilers and LLVM/MLIR 22.1 with apt, Python packages into .venv.
# Skips what is there already; needs root or sudo only when a Debian package is missing.
source "$(dirname "$0")/common.sh"

PACKAGES=(
  clang-22 lld-22 clang-format-22 clang-tidy-22 clang-tools-22 libclang-rt-22-dev
  llvm-22 llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools liblld-22-dev
  cmake ninja-build ccache git libprotobuf-dev protobuf-compiler libgtest-dev libgmock-dev nlohmann-json3-dev zlib1g-dev libzstd-dev
  python3-venv python3-dev
)

say "Debian packages (about 2 minutes on a fresh machine)"
missing=()
for p in "${PACKAGES[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if ((${#missing[@]})); then
  root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "error: expected root or sudo, to install: ${missing[*]}" >&2; exit 1; }
    root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "all ${#PACKAGES[@]} are installed"
fi
llvm=$(/usr/lib/llvm-22/bin/llvm-config --version)
case $llvm in 22.1.*) echo "LLVM and MLIR $llvm" ;; *) echo "error: expected LLVM 22.1, got $llvm" >&2; exit 1 ;; esac

say "Python packages in .venv (about 1 minute on a fresh machine)"
stamp=.venv/.requirements
if [ ! -x .venv/bin/python ]; then
  echo "creating .venv"
  /usr/bin/python3 -m venv .venv
fi
if cmp -s utils/requirements.txt "$stamp"; then
  echo "as utils/requirements.txt says"
else
  .venv/bin/python -m pip install --disable-pip-version-check -q --no-deps -r utils/requirements.txt
  cp utils/requirements.txt "$stamp"
  echo "installed $(grep -c == utils/requirements.txt) packages"
fi
# The package `aic` is importable from the checkout: the build puts it together in build/python.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf "%s\n" "$AIC_ROOT/build/python" >"$site/aic-checkout.pth"
