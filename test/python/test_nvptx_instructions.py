# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every row of lib/Target/NVPTX/Instructions.def: what the gate lets through, code generation takes, on every chip."""
from __future__ import annotations

import pathlib
import re
import shutil

import pytest

from nvptx_device import CHIPS, compile_text
from nvptx_kernels import BINARIES, run_tool

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ROWS = re.findall(r'^AIC_NVVM\("([^"]+)", "([^"]+)", (\d+), (\d+), (\w+)\)',
                  (ROOT / "lib/Target/NVPTX/Instructions.def").read_text(), re.M)
PIPELINE = "builtin.module(aic-attach-target{{backend=nvidia cpu={chip}}},aic-gpu-emit-ptx{{file={file}}})"
FLOATS, INTEGERS = ["f16", "bf16", "f32", "f64"], ["i1", "i8", "i16", "i32", "i64"]
BINARY = ("fadd fsub fmul fdiv maximum minimum maxnum minnum copysign add sub mul sdiv udiv srem urem and or xor shl "
          "lshr ashr smax smin umax umin").split()

# Operations that are not a function of numbers: what stands in the body. %p: the pointer to read, %x: its first element.
BODIES = {
    "llvm.mlir.constant": "%r = llvm.mlir.constant(7 : i32) : i32",
    "llvm.mlir.zero": "%r = llvm.mlir.zero : vector<4xf32>",
    "llvm.mlir.undef": "%r = llvm.mlir.undef : i32",
    "llvm.mlir.poison": "%r = llvm.mlir.poison : i32",
    "llvm.mlir.global": "",
    "llvm.func": "",
    "llvm.return": "",
    "llvm.load": "",
    "llvm.store": "",
    "llvm.mlir.addressof": "%s = llvm.mlir.addressof @shared : !llvm.ptr<3>\nllvm.store %x, %s : i32, !llvm.ptr<3>",
    "llvm.call": "%r = llvm.call @helper(%x) : (i32) -> i32",
    "llvm.br": "llvm.br ^next(%x : i32)\n^next(%r: i32):",
    "llvm.cond_br": "%c = llvm.icmp \"eq\" %x, %x1 : i32\nllvm.cond_br %c, ^next(%x : i32), ^next(%x1 : i32)\n^next(%r: i32):",
    "llvm.switch": "llvm.switch %x : i32, ^next(%x1 : i32) [1: ^next(%x : i32), 5: ^next(%x2 : i32)]\n^next(%r: i32):",
    "llvm.unreachable": "%c = llvm.icmp \"eq\" %x, %x1 : i32\nllvm.cond_br %c, ^never, ^next\n^never:\nllvm.unreachable\n^next:",
    "llvm.alloca": ("%n = llvm.mlir.constant(4 : i64) : i64\n%a = llvm.alloca %n x i32 : (i64) -> !llvm.ptr\n"
                    "%i = llvm.zext %x : i32 to i64\n%e = llvm.getelementptr %a[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i32\n"
                    "llvm.store %x1, %a : i32, !llvm.ptr\n%r = llvm.load %e : !llvm.ptr -> i32"),
    "llvm.getelementptr": "%e = llvm.getelementptr %p[%x] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32\n%r = llvm.load %e : !llvm.ptr<1> -> i32",
    "llvm.addrspacecast": "%e = llvm.addrspacecast %p : !llvm.ptr<1> to !llvm.ptr\n%r = llvm.load %e : !llvm.ptr -> i32",
    "llvm.inttoptr": "%i = llvm.ptrtoint %p : !llvm.ptr<1> to i64\n%e = llvm.inttoptr %i : i64 to !llvm.ptr<1>\n%r = llvm.load %e : !llvm.ptr<1> -> i32",
    "llvm.ptrtoint": "%r = llvm.ptrtoint %p : !llvm.ptr<1> to i64",
    "llvm.bitcast": "%r = llvm.bitcast %x : i32 to f32",
    "llvm.freeze": "%r = llvm.freeze %x : i32",
    "llvm.select": "%c = llvm.icmp \"eq\" %x, %x1 : i32\n%r = llvm.select %c, %x, %x2 : i1, i32",
    "llvm.insertvalue": "%u = llvm.mlir.undef : !llvm.struct<(i32, f32)>\n%r = llvm.insertvalue %x, %u[0] : !llvm.struct<(i32, f32)>",
    "llvm.extractvalue": ("%u = llvm.mlir.undef : !llvm.struct<(i32, f32)>\n%i = llvm.insertvalue %x, %u[0] : !llvm.struct<(i32, f32)>\n"
                          "%r = llvm.extractvalue %i[0] : !llvm.struct<(i32, f32)>"),
    "llvm.insertelement": "%u = llvm.mlir.poison : vector<4xi32>\n%r = llvm.insertelement %x, %u[%x1 : i32] : vector<4xi32>",
    "llvm.extractelement": "%w = llvm.load %p : !llvm.ptr<1> -> vector<4xi32>\n%r = llvm.extractelement %w[%x : i32] : vector<4xi32>",
    "llvm.shufflevector": "%w = llvm.load %p : !llvm.ptr<1> -> vector<4xi32>\n%r = llvm.shufflevector %w, %w [3, 2, 1, 0] : vector<4xi32>",
    "llvm.intr.assume": "%c = llvm.icmp \"eq\" %x, %x1 : i32\nllvm.intr.assume %c : i1",
    "llvm.intr.memcpy": '%n = llvm.zext %x : i32 to i64\n"llvm.intr.memcpy"(%q, %p, %n) <{isVolatile = false}> : (!llvm.ptr<1>, !llvm.ptr<1>, i64) -> ()',
    "llvm.intr.memset": ('%n = llvm.zext %x : i32 to i64\n%o = llvm.trunc %x : i32 to i8\n'
                         '"llvm.intr.memset"(%q, %o, %n) <{isVolatile = false}> : (!llvm.ptr<1>, i8, i64) -> ()'),
    "llvm.atomicrmw": "%r = llvm.atomicrmw add %p, %x monotonic : !llvm.ptr<1>, i32",
    "nvvm.barrier0": "nvvm.barrier0",
    "nvvm.barrier": "%b = llvm.mlir.constant(1 : i32) : i32\nnvvm.barrier id = %b",
    "nvvm.bar.warp.sync": "nvvm.bar.warp.sync %x : i32",
    "nvvm.shfl.sync": "%r = nvvm.shfl.sync bfly %x, %x1, %x2, %x2 : i32 -> i32",
    "nvvm.vote.sync": "%c = llvm.icmp \"eq\" %x, %x1 : i32\n%r = nvvm.vote.sync ballot %x, %c -> i32",
    "nvvm.redux.sync": "%r = nvvm.redux.sync add %x, %x1 : i32 -> i32",
    "nvvm.cp.async.shared.global": ("%s = llvm.mlir.addressof @shared : !llvm.ptr<3>\n"
                                    "nvvm.cp.async.shared.global %s, %p, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>"),
    "nvvm.cp.async.commit.group": "nvvm.cp.async.commit.group",
    "nvvm.cp.async.wait.group": "nvvm.cp.async.wait.group 1",
    "nvvm.ldmatrix": ("%s = llvm.mlir.addressof @shared : !llvm.ptr<3>\n%r = nvvm.ldmatrix %s {num = 1 : i32, layout = "
                      "#nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = "
                      "#nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> i32"),
    "nvvm.setmaxregister": "nvvm.setmaxregister increase 80",
    "nvvm.wgmma.fence.aligned": "nvvm.wgmma.fence.aligned",
    "nvvm.wgmma.commit.group.sync.aligned": "nvvm.wgmma.commit.group.sync.aligned",
    "nvvm.wgmma.wait.group.sync.aligned": "nvvm.wgmma.wait.group.sync.aligned 1",
}


def casts(name: str) -> list[tuple[str, str]]:
    later = [(a, b) for i, a in enumerate(INTEGERS) for b in INTEGERS[i + 1:]]
    return {
        "llvm.fpext": [("f16", "f32"), ("f16", "f64"), ("bf16", "f32"), ("bf16", "f64"), ("f32", "f64")],
        "llvm.fptrunc": [("f32", "f16"), ("f32", "bf16"), ("f64", "f16"), ("f64", "bf16"), ("f64", "f32")],
        "llvm.fptosi": [(a, b) for a in FLOATS for b in INTEGERS[1:]],
        "llvm.fptoui": [(a, b) for a in FLOATS for b in INTEGERS[1:]],
        "llvm.sitofp": [(a, b) for a in INTEGERS for b in FLOATS],
        "llvm.uitofp": [(a, b) for a in INTEGERS for b in FLOATS],
        "llvm.zext": later, "llvm.sext": later, "llvm.trunc": [(b, a) for a, b in later],
    }.get(name, [])


def bodies(name: str, types: str) -> list[tuple[str, str]]:
    """Pairs of an element type and a body that computes with %x, %x1, %x2 of it; results are called %r."""
    if name in BODIES:
        return [("i32", BODIES[name])]
    if pairs := casts(name):
        assert types == "*" or {a for a, _ in pairs} <= set(types.split())
        return [(a, f'%r = "{name}"(%x) : ({a}) -> {b}') for a, b in pairs]
    if name.startswith("nvvm.read.ptx.sreg."):
        return [("i32", f"%r = {name} : i32")]
    kinds = (INTEGERS if types == "*" else types.split())
    short, found = re.sub(r"^(llvm\.)?(intr\.)?", "", name), []
    for t in kinds:
        if short in BINARY:
            body = f'%r = "{name}"(%x, %x1) : ({t}, {t}) -> {t}'
        elif short in ("fma", "fmuladd", "fshl", "fshr"):
            body = f'%r = "{name}"(%x, %x1, %x2) : ({t}, {t}, {t}) -> {t}'
        elif short in ("fcmp", "icmp"):
            body = f'%r = {name} "ult" %x, %x1 : {t}'
        elif short == "is.fpclass":
            body = f'%r = "{name}"(%x) <{{bit = 252 : i32}}> : ({t}) -> i1'
        elif short in ("ctlz", "cttz", "abs"):
            flag = "is_int_min_poison" if short == "abs" else "is_zero_poison"
            body = f'%r = "{name}"(%x) <{{{flag} = false}}> : ({t}) -> {t}'
        elif short.startswith("vector.reduce."):
            start = f"%x, %w) : ({t}, " if short.endswith(("fadd", "fmul")) else "%w) : ("
            body = f'%w = llvm.load %p : !llvm.ptr<1> -> vector<4x{t}>\n%r = "{name}"({start}vector<4x{t}>) -> {t}'
        elif name.startswith("llvm.nvvm."):
            body = f'%r = llvm.call_intrinsic "{name}"(%x) : ({t}) -> {t}'
        else:
            body = f'%r = "{name}"(%x) : ({t}) -> {t}'
        found.append((t, body))
    return found


def store(body: str, element: str) -> str:
    """Keeps the result alive."""
    if "%r" not in body:
        return f"llvm.store %x, %q : {element}, !llvm.ptr<1>"
    line = next(line for line in body.splitlines() if "%r = " in line or "%r:" in line)
    kind = re.search(r"%r: (\w+)", line) or re.search(r"(?:-> |to )([\w<>x]+)$", line)
    known = {"icmp": "i1", "fcmp": "i1", "insertvalue": "!llvm.struct<(i32, f32)>", "extractvalue": "i32",
             "insertelement": "vector<4xi32>", "extractelement": "i32", "shufflevector": "vector<4xi32>", "select": "i32",
             "mlir.constant": "i32", "mlir.zero": "vector<4xf32>", "mlir.undef": "i32", "mlir.poison": "i32",
             "atomicrmw": "i32", "freeze": "i32"}
    name = re.search(r"= \"?(?:llvm|nvvm)\.([\w.]+)", line)
    result = kind[1] if kind else known.get(name[1] if name else "", "i32")
    return f"llvm.store %r, %q : {result}, !llvm.ptr<1>"


def module(i: int, element: str, body: str) -> str:
    address = lambda n: f"%p{n} = llvm.getelementptr %p[{n}] : (!llvm.ptr<1>) -> !llvm.ptr<1>, {element}\n"
    load = lambda n: f"%x{n} = llvm.load %p{n} : !llvm.ptr<1> -> {element}\n"
    return (f"module {{\nllvm.mlir.global internal @shared() {{addr_space = 3 : i32, alignment = 16 : i64}} : !llvm.array<64 x i32>\n"
            "llvm.func internal @helper(%x: i32) -> i32 attributes {no_inline} {\nllvm.return %x : i32\n}\n"
            f"llvm.func @k{i}(%p: !llvm.ptr<1>, %q: !llvm.ptr<1>) attributes {{nvvm.kernel}} {{\n"
            f"%x = llvm.load %p : !llvm.ptr<1> -> {element}\n{address(1)}{load(1)}{address(2)}{load(2)}{body}\n"
            f"{store(body, element)}\nllvm.return\n}}\n}}\n")


def available(sm: str, chip_only: str, chip: str) -> bool:
    number = int(re.sub(r"\D", "", chip))
    return number == int(sm) if chip_only == "true" else number >= int(sm)


@pytest.mark.parametrize("chip", CHIPS)
def test_rows_compile(chip, tmp_path):
    rows = [row for row in ROWS if available(row[2], row[4], chip)]
    assert len(rows) > 100
    cases = [case for name, types, *_ in rows for case in bodies(name, types)]
    ptx = compile_text("".join(module(i, *case) for i, case in enumerate(cases)), tmp_path, chip, PIPELINE)
    listed = run_tool(BINARIES / "aic-ptx-run", ptx, "--list")
    assert listed.returncode == 0, listed.stderr
    assert len(re.findall(r"^k\d+:", listed.stdout, re.M)) == len(cases)
    if ptxas := shutil.which("ptxas"):
        target = re.search(r"^\.target (\w+)", ptx.read_text(), re.M)[1]
        done = run_tool(ptxas, f"-arch={target}", ptx, "-o", tmp_path / "cubin")
        assert done.returncode == 0, done.stderr


def test_demanding_rows_raise_the_version(tmp_path):
    """Without them the text is as old as the chip allows."""
    [fence] = [row for row in ROWS if row[0] == "nvvm.wgmma.fence.aligned"]
    plain = compile_text(module(0, "i32", ""), tmp_path, "sm_90a", PIPELINE).read_text()
    assert plain.startswith(".version 7.8\n.target sm_90\n")
    both = module(0, "i32", "") + module(1, "i32", "nvvm.wgmma.fence.aligned")
    demanding = compile_text(both, tmp_path, "sm_90a", PIPELINE).read_text()
    assert demanding.startswith(f".version {int(fence[3]) / 10}\n.target sm_90a\n")


def test_text_does_not_depend_on_threads(tmp_path):
    modules = "".join(module(i, "i32", BODIES[name]) for i, name in enumerate(sorted(BODIES)) if "wgmma" not in name and
                      "setmax" not in name)
    several = PIPELINE.replace("{{file=", "{{jobs={jobs} file=")
    texts = {compile_text(modules, tmp_path, "sm_80", several.replace("{jobs}", jobs)).read_text() for jobs in "14"}
    assert len(texts) == 1
