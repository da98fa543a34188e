"""Trainer: compile, fit, evaluate, predict. A Model is a Layer with these."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops, tree
from headwater.errors import ArgumentError, StateError
from headwater.frontend.tape import GradientTape
from headwater.keras import settings
from headwater.keras.trainers.batches import (
    ArrayBatches,
    DataReport,
    Epochs,
    StreamBatches,
    as_tensor,
    class_weights_of,
    make_batches,
    pack,
    split_for_validation,
    unbatched,
    unpack,
)
from headwater.keras.trainers.compile_loss import CompileLoss, check_loss
from headwater.keras.trainers.compile_metrics import CompileMetrics, check_metrics
from headwater.keras.trainers.logs import as_number, as_numbers
from headwater.keras.trainers.rehearsal import count_of_batches, kept_batches, without_traces
from headwater.keras.trainers.step import StepProgram, results_of
from headwater.keras.utils.io import print_msg


class Trainer:
    """What a model needs to be trained; part of `Model`."""

    def _init_trainer(self) -> None:
        self._set_untracked(
            optimizer=None, stop_training=False, compiled=False, loss=None, history=None,
            _loss_tracker=None, _compile_loss=None, _compile_metrics=None, _run_eagerly=False, _jit_compile=None,
            steps_per_execution=1, _compile_config=None, _programs={}, train_function=None, test_function=None,
            predict_function=None, _eval_batches=None, _data_report=None, auto_scale_loss=True,
        )  # fmt: skip

    def _forget_programs(self) -> None:
        """Compile steps anew when they are next needed: something that they depend on has changed."""
        self._set_untracked(_programs={}, train_function=None, test_function=None, predict_function=None)

    # ---- compile ----------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: name or object of `keras.optimizers`.
            loss: name, function or object of `keras.losses`; for several outputs, one for all or a list or dict of one
                for each.
            loss_weights: weights of the losses of several outputs, in a list or dict.
            metrics: names, functions or objects of `keras.metrics`, in a list; for several outputs, a list or dict of
                such lists.
            weighted_metrics: metrics that weigh samples by `sample_weight`.
            run_eagerly: whether steps run op by op, for debugging.
            steps_per_execution: how many steps callbacks see as one.
            jit_compile: accepted; every step is one compiled program.
            auto_scale_loss: whether the loss is scaled against underflow where the dtype policy is mixed_float16.
        Raises: ArgumentError if a name is not known.
        """
        from headwater.keras import optimizers

        config = {
            "optimizer": optimizer, "loss": loss, "loss_weights": loss_weights, "metrics": metrics,
            "weighted_metrics": weighted_metrics, "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }  # fmt: skip
        optimizer = optimizers.get(optimizer)
        check_loss(loss)
        for identifiers in (metrics, weighted_metrics):
            if isinstance(identifiers, (list, tuple, dict)):
                check_metrics(identifiers)
        if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise ArgumentError(
                f"steps_per_execution={steps_per_execution!r} is not a positive whole number.",
                fix="pass 1 or more.",
                where="",
            )
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16" and optimizer is not None:
            if type(optimizer).__name__ != "LossScaleOptimizer":
                optimizer = optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
        names = self._output_names()
        has_metrics = metrics is not None or weighted_metrics is not None
        from headwater.keras.metrics import Mean

        self._forget_programs()
        self._set_untracked(
            optimizer=optimizer,
            loss=loss,
            auto_scale_loss=auto_scale_loss,
            steps_per_execution=steps_per_execution,
            _run_eagerly=bool(run_eagerly),
            _jit_compile=jit_compile,
            _compile_loss=CompileLoss(loss, loss_weights, output_names=names) if loss is not None else None,
            _compile_metrics=CompileMetrics(metrics, weighted_metrics, output_names=names) if has_metrics else None,
            _loss_tracker=Mean(name="loss"),
            _compile_config=config,
            stop_training=False,
            compiled=True,
        )

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run op by op."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._set_untracked(_run_eagerly=bool(value))
        self._forget_programs()

    @property
    def jit_compile(self) -> bool:
        """Whether steps are compiled."""
        return not self._run_eagerly

    @jit_compile.setter
    def jit_compile(self, value: Any) -> None:
        self._set_untracked(_jit_compile=value)

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise NotCompiledError(
                f"model {self.name!r} is not compiled, so `{method}` does not know its loss.",
                fix='call compile first, e.g. model.compile("adam", "mse").',
            )

    def _output_names(self) -> list[str] | None:
        return None

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile`, as plain data; empty if the model is not compiled."""
        if not self.compiled or self._compile_config is None:
            return {}
        from headwater.keras.saving import serialize_keras_object

        config = dict(self._compile_config)
        if not isinstance(config["optimizer"], (dict, type(None))):
            config["optimizer"] = self.optimizer
        if config["jit_compile"] != "auto":  # whether a model can be compiled is for the one who loads it to say
            config["jit_compile"] = bool(config["jit_compile"])
        return {key: serialize_keras_object(value) for key, value in config.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile it by what `get_compile_config` returned."""
        if type(self).compile is not Trainer.compile and not _is_framework_class(type(self).compile):
            warnings.warn(
                f"{type(self).__name__} has a compile method of its own; compile the loaded model by hand.",
                stacklevel=2,
            )
            return
        from headwater.keras.saving import deserialize_keras_object

        known = {
            "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution",
            "jit_compile", "auto_scale_loss",
        }  # fmt: skip
        arguments = {key: deserialize_keras_object(value) for key, value in config.items() if key in known}
        self.compile(**arguments)
        if self.built and self.optimizer is not None and hasattr(self.optimizer, "build"):
            self.optimizer.build(self.trainable_variables)

    # ---- one step ---------------------------------------------------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training: forward, loss, gradients, update, metrics. Subclasses may give another one.

        Args:
            data: a batch: x, (x, y) or (x, y, sample_weight).
        Returns: logs, by name.
        """
        x, y, sample_weight = unpack(data)
        with GradientTape() as tape:
            y_pred = self._forward(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
            self._loss_tracker.update_state(loss, sample_weight=_batch_size(x))
            if self.optimizer is not None:
                loss = self.optimizer.scale_loss(loss)
        variables = self.trainable_weights
        if variables:
            self.optimizer.apply(tape.gradient(loss, variables), variables)
        else:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation. Subclasses may give another one."""
        x, y, sample_weight = unpack(data)
        y_pred = self._forward(x, training=False)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
        self._loss_tracker.update_state(loss, sample_weight=_batch_size(x))
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """One step of prediction. Subclasses may give another one."""
        x, _, _ = unpack(data)
        return self._forward(x, training=False)

    def _forward(self, x: Any, training: bool) -> Any:
        from headwater.keras.layers.call_signature import signature_of

        return self(x, training=training) if signature_of(self.call).takes_training else self(x)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch: that of `compile`, and what layers added. Subclasses may give another one.

        Args:
            x, y, y_pred, sample_weight: inputs, targets, predictions and weights.
            training: whether the model is being trained.
        Raises: ArgumentError if there is no loss at all.
        """
        total = None
        if self._compile_loss is not None:
            if y is None:
                raise ArgumentError(
                    "there are no targets for the loss: y is None.", fix="pass y, or a data source that gives (x, y)."
                )
            total = self._compile_loss(y, y_pred, sample_weight)
        for value in self.losses:
            value = ops.sum(ops.cast(value, settings.floatx()))
            total = value if total is None else ops.add(total, value)
        if total is None:
            raise ArgumentError(
                "No loss to compute: none was given to compile, and no layer added one.", fix="pass loss=."
            )
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the metrics with a batch and return all values. Subclasses may give another one."""
        if self._compile_metrics is not None and y is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The values of all metrics, by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            if isinstance(metric, CompileMetrics) and not metric.built:
                continue
            result = metric.result()
            if isinstance(result, dict):
                found.update(result)
            else:
                found[metric.name] = result
        return {name: found[name] for name in sorted(found)}

    @property
    def metrics(self) -> list[Any]:
        """All metrics: of the loss, those of `compile`, and those of the model and its layers."""
        found: list[Any] = []
        if self.compiled:
            found.append(self._loss_tracker)
            if self._compile_metrics is not None:
                found.append(self._compile_metrics)
            if self._compile_loss is not None:
                found.extend(self._compile_loss.metrics)
        found.extend(self._metrics)
        for layer in self._flatten_layers(include_self=False):
            if not isinstance(layer, Trainer):
                found.extend(layer._metrics)
        return found

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        return [metric.name for metric in self.metrics]

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of `metrics`."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def reset_metrics(self) -> None:
        """Start all metrics over."""
        for metric in self.metrics:
            metric.reset_state()

    # Older names, as scripts for Keras 2 and custom train_step methods use them

    @property
    def compiled_metrics(self) -> Any:
        """The metrics of `compile`, with `update_state(y, y_pred, sample_weight)`."""
        return self._compile_metrics if self._compile_metrics is not None else _NoMetrics()

    def compiled_loss(self, y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        """The loss of `compile`, with what `regularization_losses` holds."""
        loss = self._compile_loss(y, y_pred, sample_weight)
        for value in regularization_losses or ():
            loss = ops.add(loss, value)
        self._loss_tracker.update_state(loss, sample_weight=_batch_size(y_pred))
        return loss

    # ---- programs ---------------------------------------------------------------------------------------------------

    def _program(self, kind: str) -> StepProgram:
        """The step "train", "test" or "predict", compiled."""
        found = self._programs.get(kind)
        if found is None:
            method = getattr(self, f"{kind}_step")

            def step(data: Any) -> Any:
                try:
                    return method(data)
                finally:
                    if not self._run_eagerly:
                        self._clear_losses()  # tensors of the trace mean nothing after it

            step.__name__ = f"{kind}_step"
            found = StepProgram(step, eager=self._run_eagerly, autograph=self._uses_own_code(kind))
            self._programs[kind] = found
        return found

    def _uses_own_code(self, kind: str) -> bool:
        """Whether a step runs code of the user's, which may branch on tensors."""
        methods = (f"{kind}_step", "compute_loss", "compute_metrics")
        if any(not _is_framework_class(getattr(type(self), name)) for name in methods):
            return True
        return any(not _is_framework_class(type(layer).call) for layer in self._flatten_layers())

    def make_train_function(self, force: bool = False) -> Callable[[Any], Any]:
        """A function of an iterator that trains on its next batch and returns logs."""
        return self._make_function("train", force)

    def make_test_function(self, force: bool = False) -> Callable[[Any], Any]:
        """A function of an iterator that evaluates its next batch and returns logs."""
        return self._make_function("test", force)

    def make_predict_function(self, force: bool = False) -> Callable[[Any], Any]:
        """A function of an iterator that returns the predictions for its next batch."""
        return self._make_function("predict", force)

    def _make_function(self, kind: str, force: bool) -> Callable[[Any], Any]:
        if force:
            self._programs.pop(kind, None)
        program = self._program(kind)

        def run(iterator: Any) -> Any:
            leaves, structure = tree.flatten(next(iterator))
            return program([as_tensor(leaf, "data") for leaf in leaves], structure)

        self._set_untracked(**{f"{kind}_function": run})
        return run

    # ---- fit --------------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        *,
        fast_dev_run: bool | int = False,
        overfit_batches: int = 0,
    ) -> Any:
        """Train the model.

        Args:
            x: inputs: an array, a list or dict of arrays, or a source of batches (generator, data set, iterable).
            y: targets, like x; left out where x is a source, which gives them itself.
            batch_size: samples in a step; 32 by default.
            epochs: number of the epoch to stop before; each goes once through the data.
            verbose: 0 silent, 1 a bar, 2 a line for each epoch; "auto" is 1.
            callbacks: objects of `keras.callbacks`.
            validation_split: share of the arrays, taken from their end, to validate on.
            validation_data: (x, y) or (x, y, sample_weight), or a source of batches, to validate on.
            shuffle: whether to take the samples in another order in each epoch.
            class_weight: dict from class to the weight of its samples.
            sample_weight: weights of the samples.
            initial_epoch: number of the first epoch, to go on from.
            steps_per_epoch: steps in an epoch; all of the data by default.
            validation_steps, validation_batch_size: the same for validation.
            validation_freq: validate after every n-th epoch, or after these epochs (counted from 1).
            fast_dev_run: one epoch of so many batches, and as many to validate, to see that all of it works; callbacks
                that write files are left out. True is 1.
            overfit_batches: train on the first so many batches alone, and validate on them: a model that can't learn
                these by heart has a mistake somewhere.
        Returns: a History, whose `history` holds the logs of all epochs.
        Raises: StateError before `compile`; ShapeError, ArgumentError for data that does not fit.
        """
        self._require_compiled("fit")
        limit = settings.max_epochs()
        epochs = epochs if limit is None else min(epochs, limit)
        rehearsed = count_of_batches(fast_dev_run, "fast_dev_run")
        if rehearsed:
            epochs, steps_per_epoch, validation_steps = min(epochs, initial_epoch + 1), rehearsed, rehearsed
            callbacks = without_traces(callbacks)
        self._set_untracked(_eval_batches=None, stop_training=False, _initial_epoch=None)
        if validation_split and validation_data is None:
            (x, y, sample_weight), held = split_for_validation((x, y, sample_weight), validation_split)
            validation_data = (
                tuple(held) if held[2] is not None else tuple(held[:2]) if held[1] is not None else held[0]
            )
        val_x, val_y, val_weight = unpack_validation(validation_data)
        batches = make_batches(x, y, sample_weight, batch_size=batch_size, shuffle=shuffle, class_weight=class_weight)
        if by_heart := count_of_batches(overfit_batches, "overfit_batches"):
            kept = kept_batches(batches, by_heart)
            batches, (val_x, val_y, val_weight) = make_batches(kept), (kept, None, None)
        with contextlib.ExitStack() as open_sources:
            data = open_sources.enter_context(Epochs(batches, steps_per_epoch))
            self._set_untracked(_data_report=data.report)
            self._require_batched(batches)
            self._build_before_training(batches)
            program = self._program("train")
            self._check_labels(program, batches)
            callbacks = self._callback_list(callbacks, verbose, epochs, data.num_steps)
            if self.history is not None:
                self.history.data_report = data.report
            self.make_train_function()
            callbacks.on_train_begin()
            initial_epoch = self._initial_epoch or initial_epoch  # where a backup was taken up
            epoch_logs: dict[str, Any] = {}
            for epoch in range(initial_epoch, epochs):
                self.reset_metrics()
                callbacks.on_epoch_begin(epoch)
                epoch_logs = self._run_epoch(data, program, callbacks)
                if validation_data is not None and _is_due(epoch, validation_freq):
                    if self._eval_batches is None:
                        val_size = validation_batch_size or batch_size
                        held_out = make_batches(val_x, val_y, val_weight, batch_size=val_size)
                        held_out_epochs = Epochs(held_out, validation_steps, steps_name="validation_steps")
                        self._set_untracked(_eval_batches=open_sources.enter_context(held_out_epochs))
                    results = self._evaluate(self._eval_batches, callbacks)
                    epoch_logs.update({f"val_{name}": value for name, value in results.items()})
                callbacks.on_epoch_end(epoch, epoch_logs)
                if self.stop_training:
                    break
        if self.optimizer is not None and epochs > 0 and hasattr(self.optimizer, "finalize_variable_values"):
            self.optimizer.finalize_variable_values(self.trainable_weights)
        self._set_untracked(_eval_batches=None)
        callbacks.on_train_end(logs=epoch_logs)
        if verbose and data.report.is_worth_telling:
            print_msg(str(data.report))
        return self.history

    def lr_find(
        self, x: Any = None, y: Any = None, *, low: float = 1e-7, high: float = 10.0, steps: int = 100, **kwargs: Any
    ) -> Any:
        """At which learning rates the model learns: a short run in which the rate grows from step to step.

        Weights, optimizer and `history` are as before when it is over, or broken off.

        Args:
            x, y: as in `fit`.
            low, high: the first and the last rate.
            steps: how many are tried; the run ends sooner if the loss grows beyond measure.
            kwargs: of `fit`, e.g. batch_size and sample_weight.
        Returns: an object with `rates`, `losses`, a `suggestion` (the rate at which the loss falls most steeply) and
            `plot()`.
        Raises: ArgumentError unless 0 < low < high; UnsupportedError if the learning rate follows a schedule.
        Example:
            >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> found = model.lr_find(np.ones((64, 1)), np.ones((64, 1)))
            >>> found.losses[-1] > found.losses[0]
            True

        Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3.
        """
        from headwater.keras.trainers.learning_rate_finder import find_learning_rate

        self._require_compiled("lr_find")

        def fit(callback: Any) -> None:
            # As many epochs as it takes: the callback ends the run.
            self.fit(x, y, epochs=steps, verbose=0, callbacks=[callback], **kwargs)

        return find_learning_rate(self, fit, low, high, steps)

    def data_report(self) -> DataReport | None:
        """How long the steps of the last `fit` waited for their batches; None before there was one.

        Example:
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> batches = [(np.ones((4, 2)), np.ones((4, 1)))] * 3
            >>> history = model.fit(iter(batches), verbose=0)
            >>> model.data_report().steps
            3
        """
        return self._data_report

    def _callback_list(self, callbacks: Any, verbose: Any, epochs: int, steps: int | None, history: bool = True) -> Any:
        from headwater.keras.callbacks import CallbackList

        if isinstance(callbacks, CallbackList):
            return callbacks
        if verbose == "auto":
            verbose = 1
        return CallbackList(
            callbacks,
            add_history=history,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=steps,
            model=self,
        )

    def _build_before_training(self, batches: ArrayBatches | StreamBatches) -> None:
        """Trace the first step before callbacks see the model, so that they find it built."""
        if self.built and (self.optimizer is None or self.optimizer.built):
            return
        program = self._program("train")
        if program.runs_eagerly:
            if not self.built:
                leaves, structure = batches.peek()
                x, _, _ = unpack(structure.unflatten(leaves))
                self._symbolic_build(x)
            return
        program.prepare(*batches.peek())

    def _require_batched(self, batches: ArrayBatches | StreamBatches) -> None:
        """Refuse a source of single samples, which a model of one input shows by its shape.

        Raises: ArgumentError, with how to batch.
        """
        inputs = getattr(self, "inputs", None) if isinstance(batches, StreamBatches) else None
        if not inputs or len(inputs) != 1:
            return
        leaves, structure = batches.peek()
        x = tree.leaves(unpack(structure.unflatten(leaves))[0])
        wanted = tuple(inputs[0].shape[1:])
        if len(x) != 1 or wanted in ((), (1,)) or len(x[0].shape) != len(wanted):
            return
        if all(size is None or size == known for size, known in zip(wanted, x[0].shape)):
            raise unbatched(batches.source, leaves)

    def _check_labels(self, program: StepProgram, batches: ArrayBatches | StreamBatches) -> None:
        """Check the labels of arrays once, before programs see them; shapes are known once a step is traced."""
        if self._compile_loss is None or not isinstance(batches, ArrayBatches) or program.runs_eagerly:
            return
        _, y, _ = unpack(batches.structure.unflatten(batches.leaves))
        if y is None or not any(leaf.dtype.is_integer for leaf in tree.leaves(y)):
            return
        if not self._compile_loss.built:
            program.prepare(*batches.peek())
        self._compile_loss.check_labels(y)

    def _symbolic_build(self, x: Any) -> None:
        from headwater.frontend.prelude import described_specs

        described_specs(
            lambda *leaves: self._forward(tree.flatten(x)[1].unflatten(list(leaves)), training=False), *tree.leaves(x)
        )

    def _run_epoch(self, data: Epochs, program: StepProgram, callbacks: Any) -> dict[str, Any]:
        """Go once through the data; return the logs of the epoch."""
        group = self.steps_per_execution
        begins, ends = callbacks.needs_train_batch_begin, callbacks.needs_train_batch_end
        step, last = -1, (None, None)
        with contextlib.closing(program.over(data)) as steps:
            for step, last in enumerate(steps):
                if begins and step % group == 0:
                    callbacks.on_train_batch_begin(step)
                if ends and (step + 1) % group == 0:
                    callbacks.on_train_batch_end(step, functools.partial(_logs_of, *last))
                    if self.stop_training:
                        break
        if step < 0:
            raise ArgumentError("the data source gave no batch.", fix="give at least one batch.", where="")
        if ends and (step + 1) % group:
            callbacks.on_train_batch_end(step, functools.partial(_logs_of, *last))
        return self._epoch_logs(_logs_of(*last))

    def _epoch_logs(self, logs: dict[str, Any]) -> dict[str, Any]:
        """The values of all metrics at the end of an epoch; what a step of the user's returned, if that differs."""
        results = as_numbers(self.get_metrics_result())
        return results if set(logs) == set(results) else logs

    # ---- evaluate ---------------------------------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and the metrics on data. Arguments as in `fit`.

        Returns: the loss, or a list of the loss and the metrics; with `return_dict`, a dict by name.
        """
        self._require_compiled("evaluate")
        if kwargs:
            raise TypeError(f"evaluate got unknown arguments: {', '.join(kwargs)}")
        with Epochs(make_batches(x, y, sample_weight, batch_size=batch_size), steps, steps_name="steps") as data:
            self._require_batched(data.batches)
            callbacks = self._callback_list(callbacks, verbose, 1, data.num_steps, history=False)
            logs = self._evaluate(data, callbacks)
        return logs if return_dict else self._in_order(logs)

    def _evaluate(self, data: Epochs, callbacks: Any) -> dict[str, Any]:
        program = self._program("test")
        self._check_labels(program, data.batches)
        self.make_test_function()
        self._set_untracked(stop_evaluating=False)
        callbacks.on_test_begin()
        self.reset_metrics()
        last = None
        with contextlib.closing(program.over(data)) as steps:
            for step, last in enumerate(steps):
                if callbacks.needs_test_batch_begin:
                    callbacks.on_test_batch_begin(step)
                if callbacks.needs_test_batch_end:
                    callbacks.on_test_batch_end(step, functools.partial(_logs_of, *last))
                    if self.stop_evaluating:
                        break
        if last is None:
            raise ArgumentError("the data source gave no batch.", fix="give at least one batch.", where="")
        found = self._epoch_logs(_logs_of(*last))
        callbacks.on_test_end(found)
        return found

    def _in_order(self, logs: dict[str, Any]) -> Any:
        names: list[str] = []
        for metric in self.metrics:
            names += [inner.name for inner in metric.metrics] if isinstance(metric, CompileMetrics) else [metric.name]
        results = [logs[name] for name in names if name in logs]
        results += [logs[name] for name in sorted(logs) if name not in names]
        return results[0] if len(results) == 1 else results

    # ---- predict ----------------------------------------------------------------------------------------------------

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The predictions for data, as NumPy arrays. Arguments as in `fit`."""
        data = Epochs(make_batches(x, batch_size=batch_size), steps, steps_name="steps")
        self._require_batched(data.batches)
        silent = callbacks is None and verbose == 0
        callbacks = None if silent else self._callback_list(callbacks, verbose, 1, data.num_steps, history=False)
        program = self._program("predict")
        self.make_predict_function()
        self._set_untracked(stop_predicting=False)
        if callbacks is not None:
            callbacks.on_predict_begin()
        parts: list[list[np.ndarray]] = []
        form: Any = None
        with data, contextlib.closing(program.over(data)) as runs:
            for step, (concrete, returned) in enumerate(runs):
                outputs = results_of(concrete, returned)
                flat, form = tree.flatten(outputs)
                parts.append([np.asarray(leaf) for leaf in flat])
                if callbacks is not None:
                    callbacks.on_predict_batch_begin(step)
                    callbacks.on_predict_batch_end(step, {"outputs": outputs})
                    if self.stop_predicting:
                        break
        if callbacks is not None:
            callbacks.on_predict_end()
        if form is None:
            raise ArgumentError("the data source gave no batch.", fix="give at least one batch.", where="")
        return form.unflatten(
            [np.concatenate(group) if len(group) > 1 else np.array(group[0]) for group in zip(*parts)]
        )

    # ---- single batches ---------------------------------------------------------------------------------------------

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of training on a batch.

        Returns: the loss, or a list of the loss and the metrics of the batch; with `return_dict`, a dict by name.
        """
        self._require_compiled("train_on_batch")
        if class_weight is not None:
            if sample_weight is not None:
                raise ArgumentError("both class_weight and sample_weight are given.", fix="give one of them.", where="")
            sample_weight = class_weights_of(y, class_weight)
        return self._on_batch("train", x, y, sample_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and the metrics of a batch. Arguments and result as in `train_on_batch`."""
        self._require_compiled("test_on_batch")
        return self._on_batch("test", x, y, sample_weight, return_dict)

    def _on_batch(self, kind: str, x: Any, y: Any, sample_weight: Any, return_dict: bool) -> Any:
        batches = ArrayBatches(x, y, sample_weight, batch_size=2**62)
        program = self._program(kind)
        self._check_labels(program, batches)
        self.reset_metrics()
        logs = as_numbers(program(batches.leaves, batches.structure))
        return logs if return_dict else self._in_order(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The predictions for a batch, as NumPy arrays."""
        if tree.is_nested(x):
            leaves, structure = tree.flatten(pack(x))
            outputs = self._program("predict")([as_tensor(leaf, "x") for leaf in leaves], structure)
        else:
            outputs = self._program("predict")([as_tensor(x, "x")], tree.flatten(x)[1])
        return tree.map_structure(np.array, outputs) if tree.is_nested(outputs) else np.array(outputs)


class NotCompiledError(StateError, ValueError):
    """A method needs the loss or the optimizer that `compile` gives."""


class _NoMetrics:
    """Stands for the metrics of a model that was compiled without any."""

    metrics: tuple = ()

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Nothing."""

    def reset_state(self) -> None:
        """Nothing."""


def unpack_validation(data: Any) -> tuple[Any, Any, Any]:
    """x, y and weights of `validation_data`, which may also be a source of batches."""
    if isinstance(data, (tuple, list)) and 1 <= len(data) <= 3:
        x, y, weight = (*data, None, None)[:3]
        return x, y, weight
    return data, None, None


def _logs_of(program: Any, returned: Any) -> dict[str, Any]:
    """The logs of a step as numbers."""
    logs = results_of(program, returned)
    return as_numbers(logs) if isinstance(logs, dict) else {"loss": as_number(logs)} if logs is not None else {}


def _batch_size(x: Any) -> int:
    return tree.leaves(x)[0].shape[0]


def _is_due(epoch: int, frequency: Any) -> bool:
    return (epoch + 1) % frequency == 0 if isinstance(frequency, int) else (epoch + 1) in frequency


def _is_framework_class(function: Any) -> bool:
    return getattr(function, "__module__", "").startswith("headwater.")
