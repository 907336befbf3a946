# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The node tests of ONNX as PTX: on a machine without a GPU they run on the executor, with all checks and three seeds.

All that pass on x86 (passing.txt) do."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import runner  # noqa: E402

# One test for each family of operators and each way to emit a kernel.
QUICK = ("^test_(abs|add_bcast|argmax_default_axis_random|averagepool_2d_pads|batchnorm_epsilon|basic_conv_with_padding|cast_FLOAT_to_FLOAT16|"
         "clip|concat_2d_axis_1|convtranspose|cumsum_2d_axis_0|depthtospace|einsum_batch_matmul|erf|expand_dim_changed|gather_1|"
         "gelu_default_1|gemm_all_attributes|gru_defaults|if|instancenorm_example|layer_normalization_3d_axis1_epsilon|logsoftmax_axis_1|"
         "loop11|lstm_defaults|matmul_3d|matmulinteger|max_float64|maxpool_2d_strides|mod_mixed_sign_int8|nonzero_example|onehot_with_axis|"
         "pow|qlinearmatmul_2D_uint8_float32|quantizelinear|reduce_l2_keep_dims_random|reduce_mean_do_not_keepdims_random|resize_upsample_scales_linear|"
         "scatternd_add|sin|softmax_large_number|split_equal_parts_1d_opset18|tanh|tile|top_k|transpose_all_permutations_0|where_example)$")


def problems(outcomes) -> list[str]:
    return [f"{o.result} {o.name}: {o.message}" for o in outcomes if o.result != "pass"]


def run(tests):
    return runner.run(tests, jobs=min(2, len(os.sched_getaffinity(0))), timeout=120, target="nvidia")


def test_quick():
    tests = runner.node_tests(QUICK)
    assert len(tests) >= 35
    assert not problems(run(tests))


@pytest.mark.slow
def test_all():
    known = runner.listed()
    bad = problems(run([t for t in runner.node_tests() if t.name in known]))
    assert not bad, f"{len(bad)} tests do not pass:\n" + "\n".join(bad[:40])
