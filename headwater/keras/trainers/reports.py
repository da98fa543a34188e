"""What a model tells about its own steps: where the time goes, and what memory they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError
from headwater.frontend.explain import Explanation, arithmetic, explain
from headwater.frontend.function import ConcreteFunction
from headwater.frontend.memory_plan import FunctionMemory, function_memory
from headwater.frontend.tensor_spec import TensorSpec
from headwater.keras.trainers.batches import ArrayBatches, pack
from headwater.keras.utils.sizes import readable_size, variable_bytes

STEPS = ("train", "test", "predict")


class MemoryPlan:
    """The memory of one step of a model; printed, it is a table.

    Attributes:
        batch_size: rows of the batch.
        weights, slots, activations, gradients, inputs, other: bytes of the model's weights; of the optimizer's
            variables; of what the layers make and keep; of what the backward pass makes; of the batch; and of metrics,
            seeds and the gaps that packing leaves. Activations and gradients count as they are at the peak.
        by_layer: {layer: {kind: bytes}}.
        kept: {layer: bytes that its forward pass keeps for its gradient}: what `keras.remat` would save there, at the
            price of computing it twice.
    """

    def __init__(self, batch_size: int, memory: FunctionMemory, model: Any, make: Callable[[int], FunctionMemory]):
        self.batch_size, self._memory, self._make = batch_size, memory, make
        self.by_layer: dict[str, dict[str, int]] = {}
        optimizer = getattr(model, "optimizer", None)
        slots = list(getattr(optimizer, "variables", ()))
        for weight in model.weights:
            self._add(_layer_of(weight.path), "weights", weight)
        for slot in slots:
            self._add(optimizer.name, "slots", slot)
        self.weights, self.slots = (self._sum(kind) for kind in ("weights", "slots"))
        for source, kind, nbytes in memory.peak:
            entry = self.by_layer.setdefault(_layer_name(source), {})
            entry[kind] = entry.get(kind, 0) + nbytes
        self.activations, self.gradients = (self._sum(kind) for kind in ("activations", "gradients"))
        self.inputs = memory.inputs
        self.kept: dict[str, int] = {}
        for source, nbytes in memory.kept.items():
            self.kept[_layer_name(source)] = self.kept.get(_layer_name(source), 0) + nbytes
        counted = self.weights + self.slots + self.activations + self.gradients
        self.other = max(memory.arena + memory.variables - counted, 0)

    @property
    def peak(self) -> int:
        """Bytes of everything together."""
        return self.weights + self.slots + self.activations + self.gradients + self.inputs + self.other

    def largest_batch(self, budget: int) -> int:
        """The most rows of a batch whose step takes at most `budget` bytes; 0 if not even one row does.

        The answer is planned exactly, as the plan itself is: no batch of more rows fits.
        """
        if self._bytes_of(1) > budget:
            return 0
        fits, fails = 1, 2
        while self._bytes_of(fails) <= budget:
            fits, fails = fails, 2 * fails
            if fails > 1 << 24:
                return fits
        while fails - fits > 1:
            middle = self._guess(fits, fails, budget)
            if self._bytes_of(middle) <= budget:
                fits = middle
            else:
                fails = middle
        return fits

    def _bytes_of(self, rows: int) -> int:
        memory = self._memory if rows == self.batch_size else self._make(rows)
        return self.peak + (memory.arena - self._memory.arena) + (memory.inputs - self._memory.inputs)

    def _guess(self, fits: int, fails: int, budget: int) -> int:
        """Where the budget ends if memory grows evenly: memory nearly does, so few plans are made."""
        low, high = self._bytes_of(fits), self._bytes_of(fails)
        even = fits + int((budget - low) * (fails - fits) / max(high - low, 1))
        return min(max(even, fits + 1), fails - 1)

    def _add(self, layer: str, kind: str, variable: Any) -> None:
        entry = self.by_layer.setdefault(layer, {})
        entry[kind] = entry.get(kind, 0) + variable_bytes(variable)

    def _sum(self, kind: str) -> int:
        return sum(entry.get(kind, 0) for entry in self.by_layer.values())

    def __str__(self) -> str:
        kinds = ("weights", "slots", "activations", "gradients")
        order = sorted(self.by_layer.items(), key=lambda item: -sum(item[1].values()))
        rows = [("layer", *kinds, "kept for the gradient")]
        for layer, entry in order:
            sizes = [readable_size(entry[kind]) if kind in entry else "" for kind in kinds]
            rows.append((layer or "(step)", *sizes, readable_size(self.kept[layer]) if layer in self.kept else ""))
        totals = [readable_size(getattr(self, kind)) for kind in kinds]
        rows.append(("all", *totals, readable_size(sum(self.kept.values()))))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        lines.insert(1, "  ".join("-" * width for width in widths))
        lines.append(
            f"a batch of {self.batch_size}: {readable_size(self.peak)} at the peak, with "
            f"{readable_size(self.inputs)} of inputs and {readable_size(self.other)} of metrics and gaps"
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<MemoryPlan of a batch of {self.batch_size}: {readable_size(self.peak)}>"


class Reports:
    """`explain` and `memory_plan`; part of `Model`."""

    def explain(
        self, x: Any, y: Any = None, sample_weight: Any = None, step: str = "train", repeats: int = 10
    ) -> Explanation:
        """Run a step on a batch and say where its time goes, instruction by instruction.

        Weights, optimizer and metrics get their values back.

        Args:
            x, y, sample_weight: the batch, as arrays.
            step: "train", "test" or "predict".
            repeats: how often it runs; times are medians.
        Returns: print it for a table; `plot` draws it, `save_trace` writes it for a trace viewer.
        Raises: ArgumentError for another step; StateError if the model is not compiled and the step needs a loss.
        Example:
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
            >>> row = model.explain(np.ones((8, 4), "float32"), step="predict").rows[0]
            >>> row.name, "Dense" in row.source
            ('fused_matmul (add)', True)
        """
        self._require_step(step)
        batches = ArrayBatches(x, y, sample_weight, batch_size=2**62)
        specs = [(tuple(leaf.shape), leaf.dtype) for leaf in batches.leaves]
        steps = self._program(step)  # type: ignore[attr-defined]
        program, leaves = steps.compiled(specs, batches.structure, batches.leaves)
        return explain(program, leaves, repeats)

    def memory_plan(self, batch_size: int, x: Any = None, y: Any = None, step: str = "train") -> MemoryPlan:
        """What memory a step takes, before it runs: by layer and kind, with the exact peak.

        Args:
            batch_size: rows of the batch.
            x, y: specs (`tf.TensorSpec`) or arrays of inputs and targets, of any number of rows; by default what the
                model's inputs and its loss ask for.
            step: "train", "test" or "predict".
        Returns: a MemoryPlan: print it, or ask it for `peak` and `largest_batch(budget)`.
        Raises: ArgumentError where the shapes can't be known without x and y.
        """
        self._require_step(step)
        inputs = self._input_specs() if x is None else tree.map_structure(_row_spec, x)
        if step == "predict":
            data = inputs
        else:
            data = pack(inputs, self._target_specs() if y is None else tree.map_structure(_row_spec, y))
        leaves, structure = tree.flatten(data)

        def make(rows: int) -> FunctionMemory:
            specs = [((rows, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
            return function_memory(self._step_program(step, specs, structure))

        return MemoryPlan(batch_size, make(batch_size), self, make)

    def flops_by_layer(self, step: str = "predict") -> dict[str, int]:
        """How many additions, multiplications and the like a step takes for a batch of one row, by layer.

        Args:
            step: "train", "test" or "predict".
        Returns: {path of layers: number}, the path as errors show it; gradients are marked so.
        Raises: ArgumentError where the shapes can't be known.
        Example:
            >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="only")], name="model")
            >>> model.flops_by_layer()
            {"Sequential 'model' > Dense 'only'": 18}
        """
        self._require_step(step)
        data = self._input_specs() if step == "predict" else pack(self._input_specs(), self._target_specs())
        leaves, structure = tree.flatten(data)
        specs = [((1, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
        return arithmetic(self._step_program(step, specs, structure))

    def _step_program(self, step: str, specs: Any, structure: Any) -> ConcreteFunction:
        return self._program(step).compiled(specs, structure)[0]  # type: ignore[attr-defined]

    def _require_step(self, step: str) -> None:
        if step not in STEPS:
            raise ArgumentError(f"step={step!r} is not one of {', '.join(STEPS)}.", fix="name one of them.", where="")
        if step != "predict":
            self._require_compiled(f"step={step!r}")  # type: ignore[attr-defined]

    def _input_specs(self) -> Any:
        inputs = getattr(self, "inputs", None)
        if not inputs or any(None in each.shape[1:] for each in inputs):
            raise ArgumentError(
                "the model does not say what shapes it takes.", fix="pass x, an array or a tf.TensorSpec.", where=""
            )
        specs = [TensorSpec(each.shape, each.dtype) for each in inputs]
        return specs[0] if len(specs) == 1 else specs

    def _target_specs(self) -> Any:
        """Targets as the losses take them: classes for the sparse ones, else as the outputs."""
        outputs = getattr(self, "outputs", None)
        losses = tree.leaves(self.loss)  # type: ignore[attr-defined]
        if not outputs or None in (size for each in outputs for size in each.shape[1:]):
            raise ArgumentError(
                "the model does not say what shapes it gives.", fix="pass y, an array or a tf.TensorSpec.", where=""
            )
        losses = losses * len(outputs) if len(losses) == 1 else losses
        specs = []
        for output, loss in zip(outputs, losses):
            name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
            sparse = "sparse" in name
            specs.append(TensorSpec(output.shape[:-1] if sparse else output.shape, "int32" if sparse else output.dtype))
        return specs[0] if len(specs) == 1 else specs


def _row_spec(value: Any) -> TensorSpec:
    return value if isinstance(value, TensorSpec) else TensorSpec(value.shape, str(value.dtype))


def _layer_of(path: str) -> str:
    """The layer that a variable's path names: "sequential/dense/kernel" -> "dense"."""
    parts = path.split("/")
    return parts[-2] if len(parts) > 1 else path


def _layer_name(source: str) -> str:
    """The innermost layer of a path of layers: "Sequential 'm' > Dense 'dense'" -> "dense"."""
    last = source.rsplit(" > ", 1)[-1]
    return last.split("'")[1] if last.count("'") == 2 else last
