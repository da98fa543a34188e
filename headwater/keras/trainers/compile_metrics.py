"""CompileMetrics: what was passed to `compile(metrics=..., weighted_metrics=...)`, under the names that logs show."""

from __future__ import annotations

from typing import Any

from headwater import tree
from headwater.errors import ArgumentError, layer_scope
from headwater.keras import metrics as metrics_module
from headwater.keras.trainers.outputs import OutputLayout

_BY_TARGET = ("accuracy", "acc", "crossentropy", "ce")


def _resolve(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    if identifier is None:
        raise ArgumentError("a metric is None.", fix="leave it out.")
    true_shape = () if y_true is None else tuple(y_true.shape)
    return metrics_module.resolve(identifier, true_shape, tuple(y_pred.shape))


def check_metrics(identifiers: Any) -> None:
    """Raise at `compile` for a name that means no metric."""
    for leaf in tree.leaves(identifiers):
        if isinstance(leaf, str) and leaf.lower() not in _BY_TARGET:
            metrics_module.get(leaf)


def _is_one(value: Any) -> bool:
    return isinstance(value, (str, metrics_module.Metric)) or (
        callable(value) and not isinstance(value, (list, tuple, dict))
    )


class CompileMetrics:
    """The metrics of all outputs.

    Args:
        metrics: a list of metrics; for several outputs, a list or dict of one metric or list of metrics for each.
        weighted_metrics: the same, for metrics that weigh samples.
        output_names: names of the outputs, or None.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any, output_names: Any = None) -> None:
        for what, value in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if value and not isinstance(value, (list, tuple, dict)):
                raise ArgumentError(
                    f"`{what}` is {value!r}, neither a list nor a dict.", fix=f"write {what}=[{value!r}].", where=""
                )
        self._user_metrics, self._user_weighted = metrics, weighted_metrics
        self.output_names = output_names
        self.built = False
        self.name = "compile_metrics"

    @property
    def metrics(self) -> list[Any]:
        """The metrics, once they are built."""
        return [metric for group in (*self._plain, *self._weighted) for metric in group] if self.built else []

    @property
    def variables(self) -> list[Any]:
        """Their variables."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metrics, from the shapes of targets and predictions."""
        layout = OutputLayout(y_pred, self.output_names)
        targets = self._targets(y_true, layout)
        preds = layout.flatten(y_pred, "y_pred")
        self._names = layout.names if layout.count > 1 else None
        self._plain = self._groups(self._user_metrics, "metrics", layout, targets, preds)
        self._weighted = self._groups(self._user_weighted, "weighted_metrics", layout, targets, preds)
        self.built = True

    def _groups(
        self, metrics: Any, what: str, layout: OutputLayout, targets: list[Any], preds: list[Any]
    ) -> list[list[Any]]:
        if not metrics:
            return [[] for _ in range(layout.count)]
        if layout.count == 1:
            per_output: list[Any] = [[leaf for leaf in tree.leaves(metrics) if leaf is not None]]
        else:
            per_output = layout.spread(metrics, what, _is_one)
        groups = []
        for wanted, target, pred in zip(per_output, targets, preds):
            chosen = [] if wanted is None else list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
            groups.append([_resolve(each, target, pred) for each in chosen])
        return groups

    def _targets(self, y_true: Any, layout: OutputLayout) -> list[Any]:
        leaves = tree.leaves(y_true)
        if len(leaves) < layout.count and not isinstance(y_true, dict):
            return [*leaves, *[None] * (layout.count - len(leaves))]
        if isinstance(y_true, dict) and layout.names is not None and set(y_true) < set(layout.names):
            return [y_true.get(name) for name in layout.names]
        return layout.flatten(y_true, "y")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        if not self.built:
            self.build(y_true, y_pred)
        layout = OutputLayout(y_pred, self.output_names)
        targets, preds = self._targets(y_true, layout), layout.flatten(y_pred, "y_pred")
        if sample_weight is None:
            weights = [None] * layout.count
        else:
            weights = tree.leaves(sample_weight)
            weights = (
                weights * layout.count
                if len(weights) < layout.count
                else layout.flatten(sample_weight, "sample_weight")
            )
        for group, target, pred in zip(self._plain, targets, preds):
            for metric in group:
                with layer_scope(f"metric {metric.name!r}"):
                    metric.update_state(target, pred)
        for group, target, pred, weight in zip(self._weighted, targets, preds, weights):
            for metric in group:
                with layer_scope(f"metric {metric.name!r}"):
                    metric.update_state(target, pred, sample_weight=weight)

    def reset_state(self) -> None:
        """Start over."""
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """The values, under names that are all different."""
        if not self.built:
            raise ArgumentError("the metrics have seen no data yet.", fix="fit or evaluate first.")
        found: dict[str, Any] = {}
        uses: dict[str, int] = {}
        for weighted, groups in ((False, self._plain), (True, self._weighted)):
            for place, group in enumerate(groups):
                prefix = f"{self._names[place]}_" if self._names else ""
                for metric in group:
                    name = f"{prefix}{metric.name}"
                    if name in uses and weighted:
                        name = f"{prefix}weighted_{metric.name}"
                    if name in uses:
                        uses[name] += 1
                        name = f"{name}_{uses[name] - 1}"
                    else:
                        uses[name] = 1
                    found[name] = metric.result()
        return found

    def __repr__(self) -> str:
        return f"<CompileMetrics name={self.name}>"
