"""FeatureSpace: tables of mixed columns to vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import headwater as tf
from headwater import ops
from headwater.errors import ArgumentError, StateError
from headwater.keras.layers.core.input_layer import Input
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.preprocessing import composite
from headwater.keras.layers.preprocessing.category_encoding import CategoryEncoding
from headwater.keras.layers.preprocessing.discretization import Discretization
from headwater.keras.layers.preprocessing.feature_kinds import FeatureKinds
from headwater.keras.layers.preprocessing.features import Cross, Feature, TFDConcat
from headwater.keras.layers.preprocessing.hashed_crossing import HashedCrossing
from headwater.keras.layers.preprocessing.hashing import Hashing
from headwater.keras.layers.preprocessing.integer_lookup import IntegerLookup
from headwater.keras.layers.preprocessing.string_lookup import StringLookup

_ROWS_IN_A_BATCH = 32  # of a Dataset of single rows; quantiles depend on it, and Keras takes as many


class FeatureSpace(FeatureKinds, Layer):
    """Columns of a table, of numbers and strings, to one vector for each row, or to a dict of them.

    Args:
        features: dict from name to what the column is: "float", "float_normalized", "float_rescaled",
            "float_discretized", "integer_categorical", "string_categorical", "integer_hashed", "string_hashed", or what
            the class method of that name returns.
        output_mode: "concat" for one vector, "dict" for a dict of them.
        crosses: tuples of names, or what `cross` returns: features whose combinations are features, too.
        crossing_dim: number of bins that combinations are hashed into.
        hashing_dim: number of bins of "integer_hashed" and "string_hashed".
        num_discretization_bins: number of bins of "float_discretized".
        name: its name.
    Example:
        >>> table = {"size": [1.0, 2.0, 3.0], "color": ["red", "red", "green"]}
        >>> space = FeatureSpace({"size": "float_normalized", "color": "string_categorical"})
        >>> space.adapt(table)
        >>> space({"size": 2.0, "color": "red"}).numpy().tolist()
        [0.0, 1.0, 0.0, 0.0]
    """

    def __init__(
        self,
        features: dict[str, Any],
        output_mode: str = "concat",
        crosses: Any = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise ArgumentError(
                "The `features` argument cannot be None or empty.", fix="pass a dict from name to kind.", where=""
            )
        if output_mode not in ("dict", "concat"):
            raise ArgumentError(
                f"Invalid value for argument `output_mode`: {output_mode!r}.", fix='use "concat" or "dict".', where=""
            )
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = output_mode
        self.features = {name: self._standardize_feature(name, value) for name, value in features.items()}
        self.crosses = [self._standardize_cross(cross) for cross in crosses or ()]
        self.crosses_by_name = {cross.name: cross for cross in self.crosses}
        self.inputs = {
            name: Input(shape=(1,), dtype=feature.dtype, name=name) for name, feature in self.features.items()
        }
        self.preprocessors = {name: feature.preprocessor for name, feature in self.features.items()}
        self.crossers = {cross.name: HashedCrossing(cross.crossing_dim, name=cross.name) for cross in self.crosses}
        self.one_hot_encoders: dict[str, Any] = {}
        self.concat: Any = None
        self._set_untracked(encoded_features=None, _is_adapted=False)

    def _standardize_feature(self, name: str, feature: Any) -> Feature:
        if isinstance(feature, Feature):
            return feature
        if isinstance(feature, dict):
            from headwater.keras.saving import deserialize_keras_object

            return deserialize_keras_object(feature)
        sizes = {
            "float_discretized": (self.num_discretization_bins,),
            "integer_hashed": (self.hashing_dim,),
            "string_hashed": (self.hashing_dim,),
        }
        if not isinstance(feature, str) or feature not in _KINDS:
            raise ArgumentError(
                f"Invalid feature type: {feature!r}.",
                fix=f"use one of {', '.join(_KINDS)}, or what they make.",
                where="",
            )
        return getattr(self, feature)(*sizes.get(feature, ()), name=name)

    def _standardize_cross(self, cross: Any) -> Cross:
        if isinstance(cross, dict):
            from headwater.keras.saving import deserialize_keras_object

            cross = deserialize_keras_object(cross)
        if not isinstance(cross, Cross):
            if not self.crossing_dim:
                raise ArgumentError("`crosses` need a `crossing_dim`.", fix="pass e.g. crossing_dim=32.", where="")
            cross = Cross(cross, crossing_dim=self.crossing_dim)
        unknown = [name for name in cross.feature_names if name not in self.features]
        if unknown:
            raise ArgumentError(
                f"`crosses` name features that do not exist: {', '.join(unknown)}.",
                fix=f"use names of `features`: {', '.join(self.features)}.",
                where="",
            )
        return cross

    # ---- adapting ---------------------------------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Let the layers of all features find what they need, in one pass over the data.

        Args:
            dataset: a Dataset of dicts from name to values, or such a dict of arrays.
        """
        if isinstance(dataset, dict):
            dataset = tf.data.Dataset.from_tensor_slices(dataset)
        if not hasattr(dataset, "element_spec"):
            raise ArgumentError(
                f"adapt was given {type(dataset).__name__}.",
                fix="pass a tf.data.Dataset of dicts, or a dict of arrays.",
            )
        self._require_columns(dataset.element_spec)
        names = self._list_adaptable_preprocessors()
        together = [name for name in names if hasattr(self.preprocessors[name], "update_state")]
        for name in together:
            self.preprocessors[name].reset_state()
        for batch in _in_batches(dataset, together) if together else ():
            for name in together:
                self.preprocessors[name].update_state(_as_column(batch[name]))
        for name in together:
            self.preprocessors[name].finalize_state()
        for name in names:
            if name not in together:
                self.preprocessors[name].adapt(_Column(dataset, name))
        self._is_adapted = True
        self.get_encoded_features()
        self.built = True

    def _require_columns(self, columns: Any) -> None:
        """Raise ArgumentError if there is no column for a feature."""
        if not isinstance(columns, dict):
            raise ArgumentError(
                f"a FeatureSpace adapts to dicts of columns, and is given {type(columns).__name__}s.",
                fix="choose the features: dataset.map(lambda x, y: x).",
            )
        missing = [name for name in self.features if name not in columns]
        if missing:
            raise ArgumentError(
                f"the data lacks the features {', '.join(missing)}.", fix="pass a value for each feature."
            )

    def _list_adaptable_preprocessors(self) -> list[str]:
        return [name for name, layer in self.preprocessors.items() if hasattr(layer, "adapt") and not _is_given(layer)]

    # ---- describing -------------------------------------------------------------------------------------------------

    def get_inputs(self) -> dict[str, Any]:
        """The inputs of a model, by name, as KerasTensors."""
        self.get_encoded_features()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """What becomes of these inputs: a KerasTensor, or a dict of them.

        Raises: StateError before `adapt`, if a layer needs it.
        """
        self._check_if_adapted()
        if self.encoded_features is None:
            encoded = self._encoded(self.inputs)
            self._set_untracked(encoded_features=encoded)
        return self.encoded_features

    def _check_if_adapted(self) -> None:
        if not self._is_adapted and self._list_adaptable_preprocessors():
            raise NotAdaptedError(
                "this FeatureSpace has not seen data yet.", fix="call its adapt(dataset) before you use it."
            )
        self._is_adapted = True

    def _encoded(self, columns: dict[str, Any]) -> Any:
        """Vectors of prepared and crossed features, in the order of their names, each kind for itself."""
        prepared = {name: self.preprocessors[name](columns[name]) for name in self.features}
        crossed = {
            cross.name: self.crossers[cross.name]([prepared[name] for name in cross.feature_names])
            for cross in self.crosses
        }
        specs = {**self.features, **self.crosses_by_name}
        names = [*sorted(prepared), *sorted(crossed)]
        found = {name: self._in_form(name, {**prepared, **crossed}[name], specs[name]) for name in names}
        if self.output_mode == "dict":
            return found
        for name, value in found.items():
            if value.dtype.is_integer or value.dtype == "string":
                raise ArgumentError(
                    f"feature {name!r} is of {value.dtype.name}, which can't be part of one vector.",
                    fix='give it output_mode="one_hot", or the FeatureSpace output_mode="dict".',
                )
        if self.concat is None:
            self.concat = TFDConcat(axis=-1)
        return self.concat(list(found.values()))

    def _in_form(self, name: str, value: Any, spec: Any) -> Any:
        if spec.output_mode != "one_hot":
            return value
        encoder = self.one_hot_encoders.get(name)
        if encoder is None:
            size = self._cardinality(name, value)
            encoder = self.one_hot_encoders[name] = CategoryEncoding(num_tokens=size, output_mode="multi_hot")
        return encoder(value)

    def _cardinality(self, name: str, value: Any) -> int:
        """How many categories a feature has."""
        layer = self.preprocessors.get(name) or self.crossers.get(name)
        if not value.dtype.is_integer:
            raise ArgumentError(
                f"feature {name!r} is to be one-hot, and its layer gives {value.dtype.name} values.",
                fix='let the layer return whole numbers, or give the feature output_mode="float".',
            )
        if isinstance(layer, (IntegerLookup, StringLookup)):
            return layer.vocabulary_size()
        if isinstance(layer, CategoryEncoding):
            return layer.num_tokens
        if isinstance(layer, Discretization):
            return layer.num_bins or len(layer.bin_boundaries) + 1
        if isinstance(layer, (HashedCrossing, Hashing)):
            return layer.num_bins
        raise ArgumentError(
            f"feature {name!r} is to be one-hot, and how many categories {type(layer).__name__} has is not known.",
            fix='give the feature output_mode="int", and encode it yourself.',
        )

    # ---- calling ----------------------------------------------------------------------------------------------------

    def __call__(self, data: Any) -> Any:
        """The vectors of rows.

        Args:
            data: dict from name to values: of a batch, or of one row.
        """
        if not isinstance(data, dict):
            raise ArgumentError(
                f"a FeatureSpace is called on a dict, and is given {type(data).__name__}.",
                fix="pass a dict from the name of each feature to its values.",
            )
        self._require_columns(data)
        self.get_encoded_features()
        columns = {name: _as_tensor(data[name]) for name in self.features}
        one_row = any(not composite.is_composite(column) and not column.shape for column in columns.values())
        found = self._encoded({name: _as_batch(column) for name, column in columns.items()})
        if not one_row:
            return found
        if self.output_mode == "concat":
            return ops.squeeze(found, axis=0)
        return {
            name: ops.squeeze(value, axis=0) if len(value.shape) == 2 and value.shape[0] == 1 else value
            for name, value in found.items()
        }

    # ---- files ------------------------------------------------------------------------------------------------------

    @classmethod
    def _serialized_names(cls) -> tuple[str, str, None]:
        return "keras.utils", "FeatureSpace", None

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        from headwater.keras.saving import serialize_keras_object

        return {
            "features": serialize_keras_object(dict(self.features)),
            "output_mode": self.output_mode,
            "crosses": serialize_keras_object(list(self.crosses)),
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureSpace:
        """The FeatureSpace that `get_config` described."""
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        """The shapes that the layers of its features were built for."""
        return {name: feature.preprocessor.get_build_config() for name, feature in self.features.items()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build these layers."""
        for name, shapes in config.items():
            layer = self.features[name].preprocessor
            if not layer.built:
                layer.build_from_config(shapes)
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Write it to a `.keras` file, which `keras.models.load_model` reads."""
        from headwater.keras.saving import save_model

        save_model(self, filepath)

    def save_own_variables(self, store: Any) -> None:
        """Nothing: the layers of its features keep theirs."""

    def load_own_variables(self, store: Any) -> None:
        """Nothing."""


_KINDS = (
    "float", "float_normalized", "float_rescaled", "float_discretized", "integer_categorical", "string_categorical",
    "integer_hashed", "string_hashed",
)  # fmt: skip


class NotAdaptedError(StateError, ValueError):
    """A FeatureSpace is used before it has seen data; a ValueError, as in Keras."""


class _Column:
    """One column of a Dataset of dicts, as an iterable of batches."""

    def __init__(self, dataset: Any, name: str) -> None:
        self._dataset, self._name = dataset, name

    def __iter__(self) -> Iterator[Any]:
        for batch in _in_batches(self._dataset, [self._name]):
            yield _as_column(batch[self._name])


def _in_batches(dataset: Any, names: list[str]) -> Any:
    """A Dataset of dicts; one of single rows in batches."""
    spec = dataset.element_spec
    single = [not len(spec[name].shape) for name in names]
    return dataset.batch(_ROWS_IN_A_BATCH) if all(single) else dataset


def _as_column(values: Any) -> Any:
    """Values with an axis for the feature: a row of numbers is a batch of them."""
    if composite.is_composite(values) or len(values.shape) > 1:
        return values
    return ops.reshape(values, (-1, 1))


def _as_tensor(value: Any) -> Any:
    return value if composite.is_composite(value) else ops.convert_to_tensor(value)


def _as_batch(column: Any) -> Any:
    if composite.is_composite(column) or len(column.shape) > 1:
        return column
    return ops.reshape(column, (1, 1)) if not column.shape else ops.expand_dims(column, -1)


def _is_given(layer: Any) -> bool:
    """Whether a layer has been told what it would find in data."""
    if getattr(layer, "input_mean", None) is not None or getattr(layer, "_has_input_vocabulary", False):
        return True
    return isinstance(layer, Discretization) and layer.num_bins is None
