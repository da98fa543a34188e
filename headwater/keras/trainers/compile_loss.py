"""CompileLoss: what was passed to `compile(loss=...)`, as one function of targets and predictions."""

from __future__ import annotations

from typing import Any

from headwater import ops, tree
from headwater.errors import ArgumentError, layer_scope
from headwater.keras import losses as losses_module
from headwater.keras import metrics as metrics_module
from headwater.keras import settings
from headwater.keras.trainers.outputs import OutputLayout

_BY_TARGET = ("crossentropy", "ce")


def check_loss(identifier: Any) -> None:
    """Raise at `compile` for a name that means no loss."""
    for leaf in tree.leaves(identifier):
        if isinstance(leaf, str) and leaf.lower() not in _BY_TARGET:
            losses_module.get(leaf)


def _resolve(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    true_shape = () if y_true is None else tuple(y_true.shape)
    return losses_module.resolve(identifier, true_shape, tuple(y_pred.shape))


def _is_one(value: Any) -> bool:
    return isinstance(value, (str, losses_module.Loss)) or callable(value)


class CompileLoss:
    """The sum of the losses of all outputs, each times its weight.

    Args:
        loss: one loss for all outputs, or a list or dict of one for each; None for none.
        loss_weights: a number, or a list or dict of one for each output.
        output_names: names of the outputs, or None.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: Any = None) -> None:
        if loss_weights is not None and not isinstance(loss_weights, (list, tuple, dict, float, int)):
            raise ArgumentError(
                f"loss_weights={loss_weights!r} is neither a number nor a list or dict.", fix="pass numbers."
            )
        self._user_loss, self._user_weights = loss, loss_weights
        self.output_names = output_names
        self.built = False
        self.name = "compile_loss"
        self.dtype = settings.floatx()
        self._metrics: list[Any] = []

    @property
    def metrics(self) -> list[Any]:
        """The means of the losses of single outputs; none for one output."""
        return self._metrics

    @property
    def variables(self) -> list[Any]:
        """The variables of these metrics."""
        return [variable for metric in self._metrics for variable in metric.variables]

    def _layout(self, y_pred: Any) -> OutputLayout:
        return OutputLayout(y_pred, self.output_names)

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Find the loss and the weight of each output, from the shapes of targets and predictions."""
        layout = self._layout(y_pred)
        loss = self._user_loss
        if layout.count == 1 and isinstance(loss, (list, tuple)) and len(loss) == 1:
            loss = loss[0]
        elif layout.count == 1 and isinstance(loss, (list, tuple)):
            raise ArgumentError(
                f"{len(loss)} losses are given for a model of one output.",
                fix="pass one loss, such as a function that adds them.",
            )
        wanted = layout.spread(loss, "loss", _is_one)
        self._identifiers = wanted
        targets = self._targets(y_true, layout)
        preds = layout.flatten(y_pred, "y_pred")
        self._losses = [_resolve(each, y, p) for each, y, p in zip(wanted, targets, preds)]
        self._classes = [pred.shape[-1] if pred.shape else None for pred in preds]
        self._weights = self._resolve_weights(layout)
        active = [place for place, loss in enumerate(self._losses) if loss is not None]
        names = layout.names or [f"{loss.name}" if loss is not None else "" for loss in self._losses]
        self._trackers: dict[int, Any] = {}
        if len(active) > 1:
            for place in active:
                tracker = metrics_module.Mean(name=f"{names[place]}_loss")
                self._trackers[place] = tracker
                self._metrics.append(tracker)
        self.built = True

    def _resolve_weights(self, layout: OutputLayout) -> list[Any]:
        weights = self._user_weights
        if layout.count == 1 and isinstance(weights, (list, tuple)) and len(weights) == 1:
            weights = weights[0]
        return layout.spread(weights, "loss_weights", lambda value: isinstance(value, (int, float)))

    def _targets(self, y_true: Any, layout: OutputLayout) -> list[Any]:
        """A target for each output; outputs without a loss may have none."""
        leaves = tree.leaves(y_true)
        active = [place for place, loss in enumerate(self._identifiers) if loss is not None]
        if len(leaves) != layout.count and len(leaves) == len(active):
            if isinstance(y_true, dict) and layout.names is not None and set(y_true) <= set(layout.names):
                leaves = [y_true[name] for name in layout.names if name in y_true]
            found: list[Any] = [None] * layout.count
            for place, leaf in zip(active, leaves):
                found[place] = leaf
            return found
        return layout.flatten(y_true, "y")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss: a scalar; None if no output has one."""
        if not self.built:
            self.build(y_true, y_pred)
        layout = self._layout(y_pred)
        targets, preds = self._targets(y_true, layout), layout.flatten(y_pred, "y_pred")
        weights = self._sample_weights(sample_weight, layout)
        total = None
        for place, loss in enumerate(self._losses):
            if loss is None:
                continue
            if targets[place] is None:
                raise ArgumentError(
                    "an output with a loss has no target.", fix="pass y for each output that has a loss."
                )
            with layer_scope(f"loss {loss.name!r}"):
                value = ops.cast(loss(targets[place], preds[place], weights[place]), self.dtype)
            tracker = self._trackers.get(place)
            if tracker is not None:
                tracker.update_state(value, sample_weight=preds[place].shape[0])
            if self._weights[place] is not None:
                value = ops.multiply(value, self._weights[place])
            total = value if total is None else ops.add(total, value)
        return total

    call = __call__

    def check_labels(self, y_true: Any) -> None:
        """Check, before a program sees them, that labels are classes that the outputs have.

        Raises: RangeError if one is not.
        """
        if not self.built or y_true is None:
            return
        targets = tree.leaves(y_true)
        if len(targets) == len(self._losses):
            for loss, target, classes in zip(self._losses, targets, self._classes):
                losses_module.check_labels(loss, target, classes)

    def _sample_weights(self, sample_weight: Any, layout: OutputLayout) -> list[Any]:
        if sample_weight is None or not tree.is_nested(sample_weight):
            return [sample_weight] * layout.count
        if isinstance(sample_weight, dict) and layout.names is not None and set(sample_weight) <= set(layout.names):
            return [sample_weight.get(name) for name in layout.names]
        leaves = tree.leaves(sample_weight)
        if len(leaves) == 1:
            return leaves * layout.count
        return layout.flatten(sample_weight, "sample_weight")
