# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import os
import subprocess

import lit.formats
from lit.llvm import llvm_config

config.name = "AIC"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.aic_obj_root, "test")
config.python = config.python or os.path.join(config.aic_src_root, ".venv", "bin", "python")
config.environment["FILECHECK_OPTS"] = "-enable-var-scope --dump-input-filter=all"
config.maxIndividualTestTime = 120

tools = ["aic-opt", "aic-translate", "aic-compile", "aic-run", "aic-check", "aic-lsp-server"]
tools += ["aic-npu-as", "aic-npu-dis", "aic-npu-info", "aic-npu-sim", "aic-npu-verify", "aic-npu-mutate", "aic-ptx-run"]
tools += ["FileCheck", "not", "count", "split-file", "llvm-nm", "llvm-readelf", "llvm-tblgen"]
tool_dirs = [os.path.join(config.aic_obj_root, "bin"), config.llvm_tools_dir]
llvm_config.add_tool_substitutions(tools, tool_dirs)
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%cxx", config.cxx))
config.substitutions.append(("%cc", config.cc))
config.substitutions.append(("%src", config.aic_src_root))
config.substitutions.append(("%obj", config.aic_obj_root))
config.substitutions.append(("%inputs", os.path.join(config.test_source_root, "Inputs")))

# Features. `python-X`: the interpreter of the tests imports X. `cpu-Y`: this machine has Y. `mount`: a test may mount file systems of its own. `sanitizers`: the C compiler has them. `slow`: asked for by
# `lit --param tier=slow` (or all).
modules = "import importlib.util as u; print(*[m for m in ('numpy', 'onnx', 'onnxruntime') if u.find_spec(m)])"
found = subprocess.run([config.python, "-c", modules], capture_output=True, text=True).stdout
for module in found.split():
    config.available_features.add("python-" + module)
try:
    with open("/proc/cpuinfo") as cpuinfo:
        flags = next((line for line in cpuinfo if line.startswith("flags")), "").split()
except OSError:
    flags = []
for flag in ("avx2", "avx512f", "avx512_vnni", "amx_tile"):
    if flag in flags:
        config.available_features.add("cpu-" + flag)
runtime = subprocess.run([config.cc, "-fsanitize=thread", "-x", "c", "-", "-o", "/dev/null"], input="int main(void) { return 0; }",
                         capture_output=True, text=True)
if runtime.returncode == 0:
    config.available_features.add("sanitizers")
try:
    mount = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    if mount.returncode == 0:
        config.available_features.add("mount")
except OSError:
    pass
if lit_config.params.get("tier", "quick") in ("slow", "all"):
    config.available_features.add("slow")
for tool in tools:
    if os.access(os.path.join(config.aic_obj_root, "bin", tool), os.X_OK):
        config.available_features.add(tool)
config.environment["AIC_SOURCE"] = config.aic_src_root
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.aic_obj_root, "bin"), os.path.dirname(config.python), config.environment["PATH"]])
