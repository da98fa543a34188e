"""The names at the top level: those of the stub, those of TensorFlow, and what is said of the others."""

import pathlib
import re

import pytest

import headwater as tf
from headwater.errors import NotServedError

STUB = pathlib.Path(tf.__file__).with_suffix(".pyi").read_text(encoding="utf-8")


def test_the_stub_has_the_names_of_the_table():
    stubbed = {alias.removeprefix("_"): own for own, alias in re.findall(r"(\w+) as (\w+)", STUB)}
    assert stubbed.keys() == {*tf._MODULES, *tf._TABLE, *tf._ELSEWHERE}
    assert {name: stubbed[name] for name in tf._TABLE} == {name: own for name, (_, own) in tf._TABLE.items()}
    renamed = {name for name, (_, own) in tf._TABLE.items() if own != name}
    assert dict(re.findall(r"^(\w+) = (\w+)$", STUB, re.MULTILINE)) == {name: f"_{name}" for name in renamed}


@pytest.mark.parametrize("name", sorted({*tf._MODULES, *tf._TABLE, *tf._ELSEWHERE}))
def test_every_name_is_there(name):
    assert getattr(tf, name) is not None


@pytest.mark.parametrize("name", [*tf._NOT_YET, *tf._REFUSED])
def test_a_name_that_is_not_served_says_so(name):
    assert not hasattr(tf, name)
    with pytest.raises(NotServedError, match="not served"):
        getattr(tf, name)


def test_a_misspelt_name_gets_the_closest_ones():
    with pytest.raises(AttributeError, match="did you mean reduce_mean"):
        _ = tf.reduce_maen


def test_doors_of_the_same_names():
    assert tf.version.VERSION.startswith("2.")
    assert tf.dtypes.cast is tf.cast and tf.dtypes.bool is tf.bool
    assert tf.autograph.experimental.do_not_convert is tf.autograph.do_not_convert
    assert tf.autodiff.GradientTape is tf.GradientTape
    assert not tf.test.is_gpu_available() and tf.test.gpu_device_name() == ""
    assert tf.zeros_initializer()((2,)).shape == (2,)
    assert "if_statement" in tf.autograph.to_code(_decides)


def _decides(x):
    if x > 0:
        return x
    return -x
