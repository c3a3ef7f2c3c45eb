"""LLVM: text in, machine code for this processor out, and kept on disk by content."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from emlc.lower import cache as store
from emlc.lower.native.ssa import Target

_LOCK = threading.RLock()  # LLVM compiles for one thread at a time


@cache
def _llvm() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@cache
def _features() -> str:
    return str(_llvm().get_host_cpu_features().flatten())


def _machine(level: int) -> Any:
    target = _llvm().Target.from_default_triple()
    # the parts of an object may come to lie more than 2 GB apart, in a process with large mappings
    model = "large" if target.triple.startswith("x86_64") else "default"
    return target.create_target_machine(
        cpu=_here()[0], features=_features(), opt=level, reloc="pic", codemodel=model
    )


@cache
def target() -> Target:
    """What vector code can use here."""
    have = set(_features().split(","))
    if {"+avx512f", "+avx512dq", "+avx512vl"} <= have:
        return Target(width=8, register=8, avx512=True)
    return Target(width=8, register=4, avx512=False)


@cache
def quick() -> Target | None:
    """What code for ordinary numbers alone can use here, None where there is no gain in it."""
    here = target()
    return Target(16, here.register, here.avx512, quick=True) if here.avx512 else None


class Loaded:
    """Machine code in memory; it lives as long as this object."""

    def __init__(self, data: bytes) -> None:
        llvm = _llvm()
        with _LOCK:
            module = llvm.parse_assembly("")
            self._engine = llvm.create_mcjit_compiler(module, _machine(2))
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(data))
            self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where the function starts."""
        return int(self._engine.get_function_address(name))


_ALIVE: WeakValueDictionary[Path, Loaded] = WeakValueDictionary()


def load(text: str, level: int = 2, passes: bool = False) -> Loaded:
    """The code of an LLVM module, from the disk where it was compiled before."""
    return load_as(f"{level} {passes} {text}", lambda: text, level, passes)


def load_as(key: str, text: Callable[[], str], level: int = 2, passes: bool = False) -> Loaded:
    """The code of a module that is written only where the disk does not have it under the key."""
    path = _path(key)
    found = _ALIVE.get(path)
    if found is not None:
        return found
    data = store.sealed(path)
    if data is None:
        data = _compile(text(), level, passes)
        store.seal(path, data)
    made = _ALIVE[path] = Loaded(data)
    return made


def on_disk(key: str) -> bool:
    """Whether the module of this key was compiled before."""
    return _path(key) in _ALIVE or store.sealed(_path(key)) is not None


@cache
def _here() -> tuple[str, ...]:
    """What machine code depends on besides its source."""
    llvm = _llvm()
    return (
        llvm.get_host_cpu_name(),
        _features(),
        str(llvm.llvm_version_info),
        "far",
    )


def _path(key: str) -> Path:
    return store.folder() / f"emlc_{store.key(key, *_here())}.o"


def _compile(text: str, level: int, passes: bool) -> bytes:
    llvm = _llvm()
    with _LOCK:
        machine = _machine(level)
        module = llvm.parse_assembly(text)
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        if passes:
            options = llvm.create_pipeline_tuning_options(speed_level=3)
            builder = llvm.create_pass_builder(machine, options)
            builder.getModulePassManager().run(module, builder)
        return bytes(machine.emit_object(module))
