"""The workloads' networks in torch's words, with the weights of Keras's: same order, same values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional
from workloads import starting_weight


class Weights:
    """Deals out the starting weights in the order in which the Keras model has them."""

    def __init__(self) -> None:
        self._index = 0

    def take(self, *shape: int) -> torch.Tensor:
        """The next weight, of a Keras shape."""
        self._index += 1
        return torch.from_numpy(starting_weight(self._index - 1, shape))


def linear(weights: Weights, inputs: int, units: int, bias: bool = True) -> nn.Linear:
    """A dense layer."""
    layer = nn.Linear(inputs, units, bias=bias)
    with torch.no_grad():
        layer.weight.copy_(weights.take(inputs, units).T)
        if bias:
            layer.bias.zero_()
    return layer


def convolution(weights: Weights, channels: int, filters: int, kernel: int, bias: bool = True, **options) -> nn.Conv2d:
    """A convolution."""
    layer = nn.Conv2d(channels, filters, kernel, bias=bias, **options)
    with torch.no_grad():
        layer.weight.copy_(weights.take(kernel, kernel, channels, filters).permute(3, 2, 0, 1))
        if bias:
            layer.bias.zero_()
    return layer


def embedding(weights: Weights, rows: int, width: int) -> nn.Embedding:
    """An embedding."""
    layer = nn.Embedding(rows, width)
    with torch.no_grad():
        layer.weight.copy_(weights.take(rows, width))
    return layer


def perceptron(sizes: tuple[int, ...]) -> nn.Module:
    """Dense layers with relu between them."""
    weights, stack = Weights(), []
    for inputs, units in itertools.pairwise(sizes):
        stack += [linear(weights, inputs, units), nn.ReLU()]
    return nn.Sequential(*stack[:-1])


class Cnn(nn.Module):
    """Two convolutions, each with a pooling, then a classifier; channels last."""

    def __init__(self) -> None:
        super().__init__()
        weights = Weights()
        self.first, self.second = convolution(weights, 1, 32, 3), convolution(weights, 32, 64, 3)
        self.dense = linear(weights, 1600, 10)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.permute(0, 3, 1, 2)
        x = functional.max_pool2d(functional.relu(self.first(x)), 2)
        x = functional.max_pool2d(functional.relu(self.second(x)), 2)
        return self.dense(self.dropout(x.permute(0, 2, 3, 1).flatten(1)))


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, weights: Weights, channels: int, filters: int, strides: int) -> None:
        super().__init__()
        self.first = convolution(weights, channels, filters, 3, bias=False, stride=strides, padding=1)
        self.second = convolution(weights, filters, filters, 3, bias=False, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01) for _ in range(2)])
        self.around = None
        if strides == 2:
            self.around = convolution(weights, channels, filters, 1, bias=False, stride=2)
            self.norms.append(nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.relu(self.norms[0](self.first(x)))
        y = self.norms[1](self.second(y))
        return functional.relu(y + (x if self.around is None else self.norms[2](self.around(x))))


class Resnet20(nn.Module):
    """Three stages of three blocks."""

    def __init__(self) -> None:
        super().__init__()
        weights = Weights()
        self.first = convolution(weights, 3, 16, 3, bias=False, padding=1)
        self.norm = nn.BatchNorm2d(16, eps=1e-3, momentum=0.01)
        self.blocks = nn.Sequential(*self._blocks(weights))
        self.dense = linear(weights, 64, 10)

    @staticmethod
    def _blocks(weights: Weights) -> Iterator[Block]:
        channels = 16
        for filters in (16, 32, 64):
            for _ in range(3):
                yield Block(weights, channels, filters, 2 if filters != channels else 1)
                channels = filters

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.norm(self.first(x.permute(0, 3, 1, 2))))
        return self.dense(self.blocks(x).mean((2, 3)))


class Lstm(nn.Module):
    """Two LSTM layers over word embeddings. Keras's gates are i f c o, as torch's; its forget gate starts at 1."""

    def __init__(self) -> None:
        super().__init__()
        weights = Weights()
        self.embedding = embedding(weights, 20000, 128)
        self.layers = nn.LSTM(128, 128, num_layers=2, batch_first=True)
        with torch.no_grad():
            for layer in range(2):
                getattr(self.layers, f"weight_ih_l{layer}").copy_(weights.take(128, 512).T)
                getattr(self.layers, f"weight_hh_l{layer}").copy_(weights.take(128, 512).T)
                getattr(self.layers, f"bias_hh_l{layer}").zero_()
                getattr(self.layers, f"bias_ih_l{layer}").zero_()[128:256] = 1
        self.dense = linear(weights, 128, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs, _ = self.layers(self.embedding(x))
        return self.dense(outputs[:, -1])[:, 0]


class GptBlock(nn.Module):
    """Attention and a perceptron, each after a normalisation and beside a residual."""

    def __init__(self, weights: Weights, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width, eps=1e-5) for _ in range(2)])
        self.projections = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        with torch.no_grad():
            each = [weights.take(width, heads, width // heads).reshape(width, width) for _ in range(3)]
            self.projections.weight.copy_(torch.cat(each, 1).T)
            self.projections.bias.zero_()
            self.output.weight.copy_(weights.take(heads, width // heads, width).reshape(width, width).T)
            self.output.bias.zero_()
        self.up, self.down = linear(weights, width, 4 * width), linear(weights, 4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        qkv = self.projections(self.norms[0](x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(*qkv, is_causal=True)
        x = x + self.output(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(functional.gelu(self.up(self.norms[1](x))))


class Gpt(nn.Module):
    """Four blocks over tokens and places."""

    def __init__(self, width: int = 256, heads: int = 4, length: int = 128, vocabulary: int = 8192) -> None:
        super().__init__()
        weights = Weights()
        self.tokens, self.places = embedding(weights, vocabulary, width), embedding(weights, length, width)
        self.blocks = nn.Sequential(*[GptBlock(weights, width, heads) for _ in range(4)])
        self.norm = nn.LayerNorm(width, eps=1e-5)
        self.dense = linear(weights, width, vocabulary)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.tokens(x) + self.places(torch.arange(x.shape[1]))
        return self.dense(self.norm(self.blocks(x))).flatten(0, 1)


MODELS = {
    "mlp_small": lambda: perceptron((32, 64, 64, 10)),
    "mlp_big": lambda: perceptron((784, 1024, 1024, 10)),
    "cnn": lambda: Cnn().to(memory_format=torch.channels_last),
    "resnet20": lambda: Resnet20().to(memory_format=torch.channels_last),
    "lstm": Lstm,
    "gpt": Gpt,
}
