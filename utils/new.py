#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the stubs of a new piece of AIC, with FIXME where something has to be said.

  utils/new.py op soft_sign --family Elementwise    an operation of the graph level
  utils/new.py pass fuse-bias                       a graph pass: td entry, source, test
  utils/new.py conversion npu-to-binary             a folder under lib/Conversion with its pass

Nothing that exists is overwritten. docs/Checklists/op.md says when an operation is done."""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"


def camel(name):
    return "".join(part.capitalize() for part in re.split(r"[-_]", name))


def create(path, text):
    """A new file; refuses to overwrite."""
    target = ROOT / path
    if target.exists():
        sys.exit(f"new.py: error: expected no file '{path}' yet")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    print(f"wrote   {path}")


def insert_before(path, marker, text):
    """Puts text before the last line that starts with the marker."""
    target = ROOT / path
    lines = target.read_text().splitlines(keepends=True)
    places = [i for i, line in enumerate(lines) if line.startswith(marker)]
    if not places:
        sys.exit(f"new.py: error: expected a line '{marker}' in '{path}'")
    lines.insert(places[-1], text)
    target.write_text("".join(lines))
    print(f"changed {path}")


def append(path, text):
    target = ROOT / path
    target.write_text(target.read_text() + text)
    print(f"changed {path}")


def new_op(args):
    name, cls, family = args.name.replace("-", "_"), camel(args.name) + "Op", args.family
    td = f"include/aic/Dialect/AIC/IR/AIC{family}Ops.td"
    if not (ROOT / td).exists():
        sys.exit(f"new.py: error: expected a family with a file '{td}'")
    insert_before(td, "#endif", f'''def AIC_{cls} : AIC_Op<"{name}", [AllElementTypesMatch<["input", "result"]>]> {{
  let summary = "FIXME one sentence";
  let description = [{{
    FIXME the meaning, with formulas and every constraint as C1, C2...

    Example:
    ```mlir
    %1 = aic.{name} %0 : (tensor<4x?xf32>) -> tensor<4x?xf32>
    ```
  }}];
  let arguments = (ins AIC_FloatTensor:$input);
  let results = (outs AIC_FloatTensor:$result);
}}

''')
    append(f"lib/Dialect/AIC/IR/{family}Ops.cpp", f'''
LogicalResult {cls}::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {{
  // FIXME {name}_c1: emitOpError("expected ..., got ...") where operands do not fit.
  results.emplace_back(scope.dims(getInput()));
  return success();
}}
''')
    append(f"lib/Dialect/AIC/IR/Evaluate{family}.cpp", f'''
std::string {cls}::evaluate(ArrayRef<::aic::eval::View> operands, std::vector<::aic::eval::Tensor> &results) {{
  return "FIXME {name} has no evaluation";
}}
''')
    print(f"""now     1. say the meaning in {td}
        2. shapes in lib/Dialect/AIC/IR/{family}Ops.cpp, evaluation in Evaluate{family}.cpp
        3. loops in lib/Conversion/AICToLinalg, the importer's handler in lib/Import/ONNX
        4. tests: test/Dialect/AIC/IR/*.mlir, test/Conversion/AICToLinalg, test/Import/ONNX
        docs/Tutorials/AddAnOp.md walks through an example, docs/Checklists/op.md is the list""")


def pass_source(cls, base, option, header):
    return f'''// {SPDX}
//===- {cls}.cpp - FIXME what it does {"-" * max(1, 40 - len(cls))}===//
//
// FIXME the algorithm, and why this one.
//
//===----------------------------------------------------------------------===//
#include "{header}"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::aic {{
#define GEN_PASS_DEF_{base.upper()}
#include "{header.replace(".h", ".h.inc")}"

namespace {{

struct {base} final : impl::{base}Base<{base}> {{
  void runOnOperation() override {{
    // FIXME
  }}
}};

}} // namespace
}} // namespace mlir::aic
'''


def pass_td(base, option, operation):
    return f'''def {base} : Pass<"{option}", "{operation}"> {{
  let summary = "FIXME one sentence";
  let description = [{{
    FIXME what, why; what it assumes and what it guarantees; IR before and after.
  }}];
}}

'''


def pass_test(option, what):
    return f"""// RUN: aic-opt --{option} %s | FileCheck %s

// CHECK-LABEL: func @{what}
func.func @{what}(%x: tensor<4xf32>) -> tensor<4xf32> {{
  // FIXME
  return %x : tensor<4xf32>
}}
"""


def new_pass(args):
    cls, option = camel(args.name), "aic-" + args.name.replace("_", "-")
    header = "aic/Dialect/AIC/Transforms/Passes.h"
    create(f"lib/Dialect/AIC/Transforms/{cls}.cpp", pass_source(cls, cls + "Pass", option, header))
    insert_before("include/aic/Dialect/AIC/Transforms/Passes.td", "#endif",
                  pass_td(cls + "Pass", option, "::mlir::func::FuncOp"))
    create(f"test/Dialect/AIC/Transforms/{args.name}.mlir", pass_test(option, args.name.replace("-", "_")))
    print(f"now     add {cls}.cpp to lib/Dialect/AIC/Transforms/CMakeLists.txt, then docs/Tutorials/AddAPass.md")


def new_conversion(args):
    cls, option = "".join(p.upper() if p in ("aic", "npu", "llvm") else p.capitalize() for p in args.name.split("-")), \
        "convert-" + args.name
    header = f"aic/Conversion/{cls}/{cls}.h"
    guard = f"AIC_CONVERSION_{cls.upper()}_{cls.upper()}"
    include = f"include/aic/Conversion/{cls}"
    create(f"{include}/{cls}.td", f'''// {SPDX}
#ifndef {guard}_TD
#define {guard}_TD

include "mlir/Pass/PassBase.td"

{pass_td("Convert" + cls + "Pass", option, "::mlir::ModuleOp")}#endif // {guard}_TD
''')
    create(f"{include}/{cls}.h", f'''// {SPDX}
#ifndef {guard}_H
#define {guard}_H

#include "mlir/Pass/Pass.h"

namespace mlir::aic {{
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/Conversion/{cls}/{cls}.h.inc"
}} // namespace mlir::aic

#endif // {guard}_H
''')
    create(f"{include}/CMakeLists.txt", f'''add_aic_tablegen({cls}IncGen {cls}.td {cls}.h.inc "-gen-pass-decls -name={cls}")
add_aic_doc({cls} {cls}Passes -gen-pass-doc)
''')
    create(f"lib/Conversion/{cls}/{cls}.cpp", pass_source(cls, f"Convert{cls}Pass", option, header))
    create(f"lib/Conversion/{cls}/CMakeLists.txt", f'''add_aic_library({cls}
  {cls}.cpp
  AIC_LIBS AICDialect
  MLIR_LIBS MLIRIR MLIRPass)
''')
    create(f"test/Conversion/{cls}/{args.name}.mlir", pass_test(option, args.name.replace("-", "_")))
    print(f"now     add Conversion/{cls} to lib/CMakeLists.txt and register{cls}Passes() to lib/InitAll.{{cpp,cmake}}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True, metavar="op|pass|conversion")
    op = kinds.add_parser("op", help="an operation of the graph level")
    op.add_argument("--family", default="Elementwise", help="the AIC<family>Ops.td that it belongs to")
    op.set_defaults(run=new_op)
    kinds.add_parser("pass", help="a pass of the graph level").set_defaults(run=new_pass)
    kinds.add_parser("conversion", help="a change of level").set_defaults(run=new_conversion)
    for kind in kinds.choices.values():
        kind.add_argument("name")
    args = parser.parse_args()
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", args.name):
        sys.exit(f"new.py: error: expected a name of small letters, digits and '-' or '_', got '{args.name}'")
    args.run(args)


if __name__ == "__main__":
    main()
