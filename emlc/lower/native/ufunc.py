"""Genuine numpy ufuncs around machine code."""

from __future__ import annotations

import _thread
import ctypes
import gc
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from emlc.lower.native import engine, entry, loop

_CAREFUL = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
_NAMES = {"f4": (11, 4, 1), "f8": (12, 8, 1), "c8": (14, 4, 2), "c16": (15, 8, 2)}
_X86 = platform.machine().lower() in ("x86_64", "amd64")


@cache
def _loop() -> engine.Loaded:
    return engine.load(entry.source(_X86), 3, True)


@cache
def _maker() -> Any:
    """numpy's own constructor of ufuncs, PyUFunc_FromFuncAndData, entry 1 of its C API."""
    from importlib import import_module

    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    umath = import_module("numpy._core._multiarray_umath")
    table = pointer(umath._UFUNC_API, None)
    address = ctypes.cast(table, ctypes.POINTER(ctypes.c_void_p))[1]
    words = [ctypes.c_void_p] * 3 + [ctypes.c_int] * 4 + [ctypes.c_char_p] * 2 + [ctypes.c_int]
    return ctypes.PYFUNCTYPE(ctypes.py_object, *words)(address)


class Loop:
    """One type's inner loop: its data block, which may be pointed at another body at any time."""

    def __init__(self, kind: str, inputs: int, outputs: int) -> None:
        number, item, parts = _NAMES[kind]
        self.types = bytes([number] * (inputs + outputs))
        columns = [(k, item * p) for k in range(inputs + outputs) for p in range(parts)]
        self._kept: list[Any] = []
        self._waiter: threading.Thread | None = None
        self.block = (ctypes.c_int64 * (loop.COLUMNS + 2 * len(columns)))()
        self.block[loop.INPUTS] = inputs * parts
        self.block[loop.OUTPUTS] = outputs * parts
        self.block[loop.ITEM] = item
        self.block[loop.WIDTH] = engine.target().width
        for k, (argument, offset) in enumerate(columns):
            self.block[loop.COLUMNS + 2 * k] = argument
            self.block[loop.COLUMNS + 2 * k + 1] = offset

    def run(self, body: int, program: int, *kept: Any) -> None:
        """From now on call this body with this program."""
        self._kept += kept
        self.block[loop.PROGRAM] = program
        self.block[loop.BODY] = body

    def switch(self, body: int, *kept: Any) -> None:
        """From now on call this body, also in threads that are on their way to call the other."""
        self._kept += kept
        self.block[loop.QUICK] = 0
        self.block[loop.BODY] = body

    def hurry(self, body: int, least: int, *kept: Any) -> None:
        """From now on call this quick body first."""
        self._kept += kept
        self.block[loop.LEAST] = least
        self.block[loop.QUICK] = body

    def far(self, body: int, *kept: Any) -> None:
        """From now on call this body in place of the quick one where there are very many points."""
        self._kept += kept
        self.block[loop.FAR] = body

    def careful(self, redo: Callable[[int, int, int], int]) -> None:
        """Give marked lanes to this function of column addresses, count and marks."""

        def called(columns: int, count: int, marks: int) -> int:
            try:
                if count < 0:
                    self._interrupt()
                return redo(columns, abs(count), marks) | loop.DONE
            except KeyboardInterrupt:
                self._interrupt()
                return 0

        made = _CAREFUL(called)
        self._kept.append(made)
        self.block[loop.CAREFUL] = ctypes.cast(made, ctypes.c_void_p).value or 0

    def _interrupt(self) -> None:
        """Interrupt the program when the loop has ended, which nothing can leave in the midst."""

        def wait() -> None:
            while not self.block[loop.ENDED]:
                time.sleep(0.01)
            if sys.platform == "win32":
                _thread.interrupt_main()
            else:  # this wakes it as well
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        self.block[loop.ENDED] = 0
        if self._waiter is None or not self._waiter.is_alive():
            self._waiter = threading.Thread(target=wait, daemon=True)
            self._waiter.start()

    def call(self, columns: list[int], size: int) -> None:
        """Run over contiguous columns of one size."""
        count = len(columns)
        run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(_loop().address("loop"))
        args, dims = (ctypes.c_void_p * count)(*columns), ctypes.c_int64(size)
        steps = (ctypes.c_int64 * count)(*[8] * count)
        place = ctypes.addressof
        run(place(args), place(dims), place(steps), place(self.block))


def ufunc(loops: Sequence[Loop], inputs: int, outputs: int, name: str) -> Any:
    """A numpy ufunc with these loops."""
    count = len(loops)
    types = ctypes.create_string_buffer(b"".join(one.types for one in loops))
    code = (ctypes.c_void_p * count)(*[_loop().address("loop")] * count)
    data = (ctypes.c_void_p * count)(*[ctypes.addressof(one.block) for one in loops])
    label = ctypes.create_string_buffer(name.encode())
    place = ctypes.addressof
    made = _maker()(
        place(code), place(data), place(types), count, inputs, outputs, -1,
        ctypes.cast(label, ctypes.c_char_p), None, 0,
    )  # fmt: skip
    _own(made, (types, code, data, label, tuple(loops)), [inputs, outputs], place(code))
    return made


class _Head(ctypes.Structure):
    """The public beginning of PyUFuncObject; `obj` is what the ufunc keeps alive."""

    _fields_ = (
        ("count", ctypes.c_ssize_t), ("type", ctypes.c_void_p), ("arity", ctypes.c_int * 4),
        ("functions", ctypes.c_void_p), ("data", ctypes.c_void_p), ("ntypes", ctypes.c_int * 2),
        ("texts", ctypes.c_void_p * 3), ("ptr", ctypes.c_void_p), ("obj", ctypes.c_void_p),
    )  # fmt: skip


_FOREVER: list[Any] = []


def _own(made: Any, kept: tuple[Any, ...], arity: list[int], functions: int) -> None:
    """Let the ufunc keep what it runs on; where its layout is not the known one, forever."""
    head = _Head.from_address(id(made))
    known = list(head.arity[:2]) == arity and head.functions == functions
    if known and not head.ptr and not head.obj:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
        head.obj = id(kept)
        if not gc.is_tracked(made):  # what it keeps may lead back to it
            ctypes.pythonapi.PyObject_GC_Track(ctypes.py_object(made))
    else:
        _FOREVER.append(kept)
