"""The messages of training data: Example and SequenceExample, and what they consist of."""

from __future__ import annotations

from typing import ClassVar

from headwater.io.messages import Field, Message


class BytesList(Message):
    """Byte strings: `value`."""

    fields: ClassVar[dict[str, Field]] = {"value": Field(1, "bytes", "many")}


class FloatList(Message):
    """Numbers of 32 bits: `value`."""

    fields: ClassVar[dict[str, Field]] = {"value": Field(1, "float", "many")}


class Int64List(Message):
    """Whole numbers: `value`."""

    fields: ClassVar[dict[str, Field]] = {"value": Field(1, "int64", "many")}


class Feature(Message):
    """One list of values, of one kind: `bytes_list`, `float_list` or `int64_list`.

    Example:
        >>> Feature(int64_list=Int64List(value=[1, 2])).WhichOneof("kind")
        'int64_list'
    """

    fields: ClassVar[dict[str, Field]] = {
        "bytes_list": Field(1, BytesList),
        "float_list": Field(2, FloatList),
        "int64_list": Field(3, Int64List),
    }
    oneof = "kind"


class Features(Message):
    """Features by name: `feature`."""

    fields: ClassVar[dict[str, Field]] = {"feature": Field(1, Feature, "map")}


class FeatureList(Message):
    """Features one after the other, of the steps of a sequence: `feature`."""

    fields: ClassVar[dict[str, Field]] = {"feature": Field(1, Feature, "many")}


class FeatureLists(Message):
    """Lists of features by name: `feature_list`."""

    fields: ClassVar[dict[str, Field]] = {"feature_list": Field(1, FeatureList, "map")}


class Example(Message):
    """One example of training data: `features`.

    Example:
        >>> example = Example()
        >>> example.features.feature["size"].int64_list.value.append(3)
        >>> Example.FromString(example.SerializeToString()).features.feature["size"].int64_list.value
        [3]
    """

    fields: ClassVar[dict[str, Field]] = {"features": Field(1, Features)}


class SequenceExample(Message):
    """A sequence of training data: `context` for the whole, `feature_lists` for its steps."""

    fields: ClassVar[dict[str, Field]] = {"context": Field(1, Features), "feature_lists": Field(2, FeatureLists)}
