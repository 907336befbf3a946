# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stand-ins for other packages."""
