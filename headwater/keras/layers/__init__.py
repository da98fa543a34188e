"""`keras.layers`: every layer, loaded when it is first named."""

from __future__ import annotations

from typing import Any

_MODULES = {
    "layer": "Layer",
    "input_spec": "InputSpec",
    "core.input_layer": "Input InputLayer",
    "core.dense": "Dense",
    "core.einsum_dense": "EinsumDense",
    "core.embedding": "Embedding",
    "core.identity": "Identity",
    "core.lambda_layer": "Lambda",
    "core.masking": "Masking",
    "core.reversible_embedding": "ReversibleEmbedding",
    "core.wrapper": "Wrapper",
    "attention.additive_attention": "AdditiveAttention",
    "attention.attention": "Attention",
    "attention.grouped_query_attention": "GroupedQueryAttention",
    "attention.multi_head_attention": "MultiHeadAttention",
    "activations.elementwise": "Activation ELU LeakyReLU PReLU ReLU Softmax",
    "convolutional.conv": "Conv1D Conv2D Conv3D",
    "convolutional.conv_transpose": "Conv1DTranspose Conv2DTranspose Conv3DTranspose",
    "convolutional.depthwise_conv": "DepthwiseConv1D DepthwiseConv2D",
    "convolutional.separable_conv": "SeparableConv1D SeparableConv2D",
    "regularization.activity_regularization": "ActivityRegularization",
    "regularization.dropout": "Dropout",
    "regularization.noise": "AlphaDropout GaussianDropout GaussianNoise",
    "regularization.spatial_dropout": "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    "merging.add": "Add add",
    "merging.average": "Average average",
    "merging.concatenate": "Concatenate concatenate",
    "merging.dot": "Dot dot",
    "merging.maximum": "Maximum maximum",
    "merging.minimum": "Minimum minimum",
    "merging.multiply": "Multiply multiply",
    "merging.subtract": "Subtract subtract",
    "normalization.batch_normalization": "BatchNormalization",
    "normalization.group_normalization": "GroupNormalization",
    "normalization.layer_normalization": "LayerNormalization",
    "normalization.rms_normalization": "RMSNormalization",
    "normalization.spectral_normalization": "SpectralNormalization",
    "normalization.unit_normalization": "UnitNormalization",
    "pooling.adaptive_pooling": (
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D"
    ),
    "pooling.window_pooling": (
        "AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D"
    ),
    "pooling.global_pooling": (
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D"
    ),
    "preprocessing.image.aug_mix": "AugMix",
    "preprocessing.image.auto_contrast": "AutoContrast",
    "preprocessing.image.center_crop": "CenterCrop",
    "preprocessing.image.clahe": "ContrastLimitedAdaptiveHistogramEqualization",
    "preprocessing.image.cut_mix": "CutMix",
    "preprocessing.image.equalization": "Equalization",
    "preprocessing.image.max_num_bounding_boxes": "MaxNumBoundingBoxes",
    "preprocessing.image.mix_up": "MixUp",
    "preprocessing.image.rand_augment": "RandAugment",
    "preprocessing.image.random_brightness": "RandomBrightness",
    "preprocessing.image.random_color_degeneration": "RandomColorDegeneration",
    "preprocessing.image.random_color_jitter": "RandomColorJitter",
    "preprocessing.image.random_contrast": "RandomContrast",
    "preprocessing.image.random_crop": "RandomCrop",
    "preprocessing.image.random_elastic_transform": "RandomElasticTransform",
    "preprocessing.image.random_erasing": "RandomErasing",
    "preprocessing.image.random_flip": "RandomFlip",
    "preprocessing.image.random_gaussian_blur": "RandomGaussianBlur",
    "preprocessing.image.random_grayscale": "RandomGrayscale",
    "preprocessing.image.random_hue": "RandomHue",
    "preprocessing.image.random_invert": "RandomInvert",
    "preprocessing.image.random_perspective": "RandomPerspective",
    "preprocessing.image.random_posterization": "RandomPosterization",
    "preprocessing.image.random_rotation": "RandomRotation",
    "preprocessing.image.random_saturation": "RandomSaturation",
    "preprocessing.image.random_sharpness": "RandomSharpness",
    "preprocessing.image.random_shear": "RandomShear",
    "preprocessing.image.random_translation": "RandomTranslation",
    "preprocessing.image.random_zoom": "RandomZoom",
    "preprocessing.image.resizing": "Resizing",
    "preprocessing.image.solarization": "Solarization",
    "preprocessing.mel_spectrogram": "MelSpectrogram",
    "preprocessing.pipeline": "Pipeline",
    "preprocessing.stft_spectrogram": "STFTSpectrogram",
    "preprocessing.category_encoding": "CategoryEncoding",
    "preprocessing.discretization": "Discretization",
    "preprocessing.hashed_crossing": "HashedCrossing",
    "preprocessing.hashing": "Hashing",
    "preprocessing.integer_lookup": "IntegerLookup",
    "preprocessing.normalization": "Normalization",
    "preprocessing.rescaling": "Rescaling",
    "preprocessing.string_lookup": "StringLookup",
    "preprocessing.text_vectorization": "TextVectorization",
    "reshaping.cropping": "Cropping1D Cropping2D Cropping3D",
    "reshaping.flatten": "Flatten",
    "reshaping.permute": "Permute",
    "reshaping.repeat_vector": "RepeatVector",
    "reshaping.reshape": "Reshape",
    "reshaping.up_sampling": "UpSampling1D UpSampling2D UpSampling3D",
    "reshaping.zero_padding": "ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    "rnn.bidirectional": "Bidirectional",
    "rnn.conv_lstm": "ConvLSTM1D ConvLSTM2D ConvLSTM3D",
    "rnn.gru": "GRU GRUCell",
    "rnn.lstm": "LSTM LSTMCell",
    "rnn.rnn": "RNN",
    "rnn.simple_rnn": "SimpleRNN SimpleRNNCell",
    "rnn.stacked_cells": "StackedRNNCells",
    "rnn.time_distributed": "TimeDistributed",
}
_PLACES = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names.split()}
_ALIASES = {
    **{
        f"{where}{kind}Pool{n}D": f"{where}{full}Pooling{n}D"
        for n in (1, 2, 3)
        for kind, full in (("Avg", "Average"), ("Max", "Max"))
        for where in ("", "Global")
    },
    **{f"Convolution{n}D{kind}": f"Conv{n}D{kind}" for n in (1, 2, 3) for kind in ("", "Transpose")},
    **{f"SeparableConvolution{n}D": f"SeparableConv{n}D" for n in (1, 2)},
    "GroupQueryAttention": "GroupedQueryAttention",
}

__all__ = [*_PLACES, *_ALIASES, "deserialize", "serialize"]


def serialize(layer: Any) -> dict[str, Any]:
    """The layer as plain data."""
    from headwater.keras.saving import serialize_keras_object

    return serialize_keras_object(layer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer that plain data describes.

    Args:
        config: what `serialize` returned.
        custom_objects: dict from name to the user's classes and functions in it.
    """
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects)


def __getattr__(name: str) -> Any:
    place = _PLACES.get(_ALIASES.get(name, name))
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = globals()[name] = getattr(importlib.import_module(place), _ALIASES.get(name, name))
    return value


def __dir__() -> list[str]:
    return __all__
