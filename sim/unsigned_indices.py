"""A numba compiler for kernels whose indices are never negative: no check for counting from an array's end. No kernels.

numba looks at each signed index for whether it counts from the end, which costs the engine a seventh of its time. Types
are inferred as ever; then indices are read as unsigned, for which numba leaves the check out. That no index is negative
is the kernels' duty; `tests/engine/test_indices.py` holds the engine to it, in plain Python.
"""

from __future__ import annotations

from typing import Any

from numba.core import ir, types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.typed_passes import NoPythonSupportedFeatureValidation
from numba.core.typing.templates import Signature


@register_pass(mutates_CFG=False, analysis_only=False)
class ReadIndicesAsUnsigned(FunctionPass):
    """Cast each int64 index into an array to uint64, which changes no bit of it."""

    _name = "engraft_read_indices_as_unsigned"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Rewrite the typed function; whether anything changed."""
        changed = False
        for block in state.func_ir.blocks.values():
            body = []
            for statement in block.body:
                access = statement.value if isinstance(statement, ir.Assign) else statement
                if isinstance(access, ir.SetItem) or (isinstance(access, ir.Expr) and access.op == "getitem"):
                    casts = self._casts(state, block.scope, access)
                    body += casts
                    changed = changed or bool(casts)
                body.append(statement)
            block.body = body
        return changed

    def _casts(self, state: Any, scope: Any, access: Any) -> list[Any]:
        """The casts that an access needs; the access itself then names their results."""
        array = state.typemap[(access.target if isinstance(access, ir.SetItem) else access.value).name]
        index = state.typemap[access.index.name]
        if not isinstance(array, types.Array) or index != types.int64:
            return []
        unsigned = scope.redefine("$unsigned_index", access.loc)
        state.typemap[unsigned.name] = types.uint64
        before: Signature = state.calltypes.pop(access)
        cast = ir.Assign(ir.Expr.cast(access.index, access.loc), unsigned, access.loc)
        access.index = unsigned
        arguments = [types.uint64 if argument == index else argument for argument in before.args]
        state.calltypes[access] = before.replace(args=tuple(arguments))
        return [cast]


class KernelCompiler(CompilerBase):
    """numba's own sequence of passes with the one above in it."""

    def define_pipelines(self) -> list[Any]:
        """The passes, in order."""
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.add_pass_after(ReadIndicesAsUnsigned, NoPythonSupportedFeatureValidation)
        manager.finalize()
        return [manager]
