// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_TRANSFORMS_PASSES_TD
#define AIC_DIALECT_AIC_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def InferShapesPass : Pass<"aic-infer-shapes", "::mlir::func::FuncOp"> {
  let summary = "Refine result types from symbolic dims";
  let description = [{
    Walks the function in order, derives the dims of every result from the operands (see ShapeScope) and replaces each
    `?` whose extent is a number. The function's result types follow. Arguments' dims of one name (`aic.dims`) are one
    extent. Users outside the graph level, control flow among them, keep the old type by a `tensor.cast`. Fails where
    operands do not fit each other.
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

def ConstantFoldPass : Pass<"aic-constant-fold", "::mlir::ModuleOp"> {
  let summary = "Evaluate operations on constants";
  let description = [{
    Every operation of the graph level whose operands are constants, or whose elements are known by shape arithmetic, is
    replaced by its value. Intermediate values of a chain never become attributes. Results over 4 KB are dense_resource
    blobs. An operation whose result has more bytes than its operands and than `max-growth-bytes` stays (broadcast,
    tile, range), as does one whose evaluation is an error: it is reported at run time.

    The blobs of constants that lost their last use are emptied. Assumes that no other module of the context shares
    them; `release-blobs=false` keeps them.
  }];
  let options = [
    Option<"maxGrowthBytes", "max-growth-bytes", "uint64_t", "1048576", "largest result that has more bytes than its operands">,
    Option<"releaseBlobs", "release-blobs", "bool", "true", "free the memory of constants that are not used any more">,
    Option<"foldDequantize", "fold-dequantize", "bool", "true", "false: weights stay integers behind an aic.dequantize">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def FoldBatchNormPass : Pass<"aic-fold-batch-norm", "::mlir::func::FuncOp"> {
  let summary = "Fold scales and shifts per channel into weights";
  let description = [{
    A `batch_norm` by constants becomes a multiplication and an addition; these, and any others by a constant with one
    number per feature, go into the weights and the bias of the convolution (`conv`, `conv_transpose`) or the weights of
    the `matmul` before them, if that has no other user. The new weights are operations on constants, to be evaluated by
    `aic-constant-fold`.

    ```mlir
    %1 = aic.conv %x, %w {...}
    %2 = aic.batch_norm %1, %scale, %bias, %mean, %variance {...}
    // becomes, with k = %scale / sqrt(%variance + epsilon)
    %2 = aic.conv %x, (%w * k), (%bias - %mean * k) {...}
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def AssignLayoutPass : Pass<"aic-assign-layout", "::mlir::func::FuncOp"> {
  let summary = "Make windowed operations channels last and cancel transposes";
  let description = [{
    Convolutions and poolings that are channels first become channels last between explicit `aic.transpose`. Transposes
    then sink below elementwise operations, concat, pad, reduce, softmax, slice, resize, quantisation and reshapes whose
    groups of dims stay together, are composed where they meet and vanish where they cancel. An operation with several
    operands is crossed if that makes no more transposes of whole tensors. Constants are transposed by operations, to be
    evaluated by `aic-constant-fold`. Arguments and results keep their layout.
  }];
  let options = [
    Option<"channelsLast", "channels-last", "bool", "true", "the target prefers channels last; false leaves all as it is">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def IntegerArithmeticPass : Pass<"aic-integer-arithmetic", "::mlir::func::FuncOp"> {
  let summary = "Compute 8-bit layers exactly";
  let description = [{
    A layer between `aic.dequantize` and `aic.quantize` gets one meaning that does not depend on the order of sums: sums of
    products are of integers (in f32 where they provably fit into 24 bits, else in i32), the scales of operands and result
    become one factor rounded to f32, a function of one tensor becomes a table of 256 entries.

    ```mlir
    %3 = aic.quantize (aic.conv (aic.dequantize %x, %sx, %zx), (aic.dequantize %w, %sw, %zw), (aic.dequantize %b, ...)), %sy, %zy
    // becomes, with m = sx * sw / sy
    %3 = aic.quantize (aic.conv (aic.dequantize %x, 1.0, %zx), (%w - %zw), %b) * %m, 1.0, %zy
    ```

    The result differs from that of single f32 operations by one step where a number is as good as half way between two.
    Layers that are not of this form (several scales, no quantised operand) stay. Products of quantised operands that are
    not quantised themselves are computed exactly too.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def QuantizePass : Pass<"aic-quantize", "::mlir::ModuleOp"> {
  let summary = "Float graphs to explicit 8-bit graphs";
  let description = [{
    Rewrites @main into layers between `aic.dequantize` and `aic.quantize`: activations asymmetric i8 with one scale,
    constant operands of products symmetric i8 with a scale per feature, their bias i32 in units of the sum. A layer is a
    product (conv, conv_transpose, matmul) with its bias and the clamps behind, a pool, a sum or product of two tensors,
    or a function of one tensor: pointwise operations that come from one value. Operations that only move elements are
    done on i8 in their operand's scale; the inputs of a concat take the concat's. All else stays float.

    Assumes the form that `aic-graph-pipeline` leaves: batch norms are in the weights, constants are folded. Ranges come
    from the attribute `aic.range = array<f64: low, high>` of operations and arguments, or from a JSON file
    `{"ranges": {"name of the node": [low, high]}}` (see `aic-compile --quantize-report`).

    ```mlir
    %1 = aic.conv %0, %w, %b {...}
    %2 = aic.relu %1
    // becomes
    %x = aic.dequantize %q, %s, %z                  // i8 -> f32
    %w = aic.dequantize %wq, %ws, %wz {axis = 3}    // i8 constant
    %b = aic.dequantize %bq, %bs, %bz               // i32 constant, %bs = %s * %ws
    %1 = aic.conv %x, %w, %b {...}
    %2 = aic.relu %1
    %3 = aic.quantize %2, %t, %u                    // f32 -> i8
    ```
  }];
  let options = [
    Option<"ranges", "ranges", "std::string", "\"\"", "JSON file of ranges; default: the attribute aic.range">,
    ListOption<"keep", "keep", "std::string", "names of nodes whose layers are computed in f16">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def PrepareLoopsPass : Pass<"aic-prepare-loops", "::mlir::func::FuncOp"> {
  let summary = "Bring loops into the form that kernels are formed from";
  let description = [{
    Named linalg operations become generic ones; `tensor.dim` of what a kernel will compute becomes arithmetic on the
    extents of its operands; common subexpressions go; reshapes that only add or drop unit dims vanish in the maps of
    generics that read them; fills and slices get one user each; pads stand right behind what they pad.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def FormKernelsPass : Pass<"aic-form-kernels", "::mlir::ModuleOp"> {
  let summary = "Group operations of the loops level into kernel functions";
  let description = [{
    Every public function is left with calls of private functions `k0`, `k1`, ... (attribute `aic.kernel`), their
    destinations, shape arithmetic, reshapes and control flow; see the level "Kernels" in docs/Levels.md. Assumes the
    form that `aic-prepare-loops` leaves. Operations are visited last to first and join the group of their users:

    - a contraction, convolution or pooling with the elementwise operations behind it,
    - reductions over the innermost dims of one shape (with `outer-rows`: any dims) with all that is computed at the same outer index (softmax, norms),
    - elementwise operations of one shape,
    - producers that are cheap to recompute, at their reads,
    - a pad behind any of these.

    A value that is also used elsewhere later becomes a further result. Groups that refuse each other give a remark
    (category `aic-fusion`). Equal kernels become one function, whatever their locations.
  }];
  let options = [
    Option<"maxOperations", "max-operations", "unsigned", "96", "operations in a kernel; bounds the compile time of one">,
    Option<"maxResults", "max-results", "unsigned", "4", "results of a kernel: each is a stream that is written">,
    Option<"maxReductions", "max-reductions", "unsigned", "8", "row reductions in a kernel: each is a pass over the row">,
    Option<"recomputeCost", "recompute-cost", "unsigned", "2", "instructions per element that are cheaper done again than stored">,
    Option<"rowRecomputeCost", "row-recompute-cost", "unsigned", "8", "the same for a value that several passes over a row read">,
    Option<"outerRows", "outer-rows", "bool", "false", "whether the rows of a kernel may run along outer dims, too">,
    Option<"readPads", "read-pads", "bool", "false", "whether convolutions read what is padded and check bounds, instead of a padded copy">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect"];
}

def CountWorkPass : Pass<"aic-count-work", "::mlir::ModuleOp"> {
  let summary = "Note on each kernel how much it computes and moves";
  let description = [{
    Sets `aic.flops` and `aic.bytes` on kernels whose extents are all numbers; they end up in the manifest of the
    library, and `aic-run --profile` divides them by the time. A multiply-add is two operations. Bytes are the least that
    must move: arguments once (or what is read of them: slices, gathered elements), results once.

    ```mlir
    func.func private @k(%x: tensor<8xf32>, %out: tensor<8xf32>) -> tensor<8xf32> attributes {aic.kernel}
    // becomes
    func.func private @k(...) attributes {aic.bytes = 64 : i64, aic.flops = 8 : i64, aic.kernel}
    ```
  }];
}

#endif // AIC_DIALECT_AIC_TRANSFORMS_PASSES_TD
