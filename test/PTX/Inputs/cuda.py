# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A CUDA driver through ctypes, as little of it as the tests need."""

import ctypes

libc = ctypes.CDLL(None)


class Device:
    def __init__(self, library):
        self.cuda = ctypes.CDLL(library)
        self.cuda.aic_fakecuda_last_error.restype = ctypes.c_char_p
        context = ctypes.c_void_p()
        self("cuInit", 0)
        self("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self("cuCtxSetCurrent", context)

    def __call__(self, name, *args):
        code = getattr(self.cuda, name)(*args)
        if code:
            raise RuntimeError(f"{name}: {code}: {self.cuda.aic_fakecuda_last_error().decode()}")

    @staticmethod
    def setting(name, value):
        libc.setenv(name.encode(), value.encode(), 1)

    def load(self, ptx):
        module = ctypes.c_void_p()
        self("cuModuleLoadData", ctypes.byref(module), ptx)
        return module

    def upload(self, array):
        address = ctypes.c_uint64()
        self("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(array.nbytes))
        self("cuMemcpyHtoD_v2", address, array.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(array.nbytes))
        return address

    def download(self, array, address):
        self("cuMemcpyDtoH_v2", array.ctypes.data_as(ctypes.c_void_p), address, ctypes.c_size_t(array.nbytes))

    def free(self, address):
        self("cuMemFree_v2", address)

    def launch(self, module, name, grid, block, arguments, shared=0):
        """`arguments` are ctypes values, in the kernel's order."""
        function = ctypes.c_void_p()
        self("cuModuleGetFunction", ctypes.byref(function), module, name.encode())
        params = (ctypes.c_void_p * len(arguments))(*[ctypes.addressof(value) for value in arguments])
        self("cuLaunchKernel", function, *grid, *block, shared, None, params, None)
