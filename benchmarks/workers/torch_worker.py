"""torch by a hand-written loop, as its users write it: eager, or with TORCH_WORKER=compile through torch.compile."""

import os
import time

import protocol
from measure import briefly

START = time.perf_counter()
import torch  # noqa: E402  (its import is what is timed)

IMPORT_SECONDS = time.perf_counter() - START
from torch_models import MODELS  # noqa: E402  (needs torch)


class TorchSystem:
    """The model of a workload with Adam, its loss and a running accuracy."""

    import_seconds = IMPORT_SECONDS
    version = torch.__version__

    def __init__(self, workload):
        self.batch, self.name = workload.batch, workload.name
        self.model = MODELS[workload.name]()
        # Keras's adam has epsilon 1e-7
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, eps=1e-7)
        self.binary = workload.name == "lstm"
        self.loss = torch.nn.BCEWithLogitsLoss() if self.binary else torch.nn.CrossEntropyLoss()
        self.compiled = torch.compile(self.model) if os.environ.get("TORCH_WORKER") == "compile" else self.model

    def train(self, x, y):
        self.model.train()
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        y = y.float() if self.binary else y.long()
        total, right = torch.zeros(()), torch.zeros((), dtype=torch.long)
        for start in range(0, len(x), self.batch):
            inputs, labels = x[start : start + self.batch], y[start : start + self.batch].flatten()
            self.optimizer.zero_grad()
            logits = self.compiled(inputs)
            loss = self.loss(logits, labels)
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
            if self.name != "gpt":
                found = logits.detach() > 0 if self.binary else logits.detach().argmax(1)
                right += (found == labels).sum()
        return total.item() / (len(x) // self.batch)

    def predict(self, rows):
        self.model.eval()
        with torch.no_grad():
            logits = self.compiled(torch.from_numpy(rows))
            if self.name == "gpt":
                return logits.numpy()
            return (torch.sigmoid(logits) if self.binary else torch.softmax(logits, 1)).numpy()

    call = predict

    def product(self, operation):
        a, b = torch.ones(operation.m, operation.k), torch.ones(operation.k, operation.n)
        out = torch.empty(operation.m, operation.n)
        return briefly(lambda: torch.matmul(a, b, out=out), 0.1)

    def convolution(self, operation):
        o = operation
        last = torch.channels_last
        x = torch.ones(o.batch, o.channels, o.size, o.size).to(memory_format=last)
        kernel = torch.ones(o.filters, o.channels, o.kernel, o.kernel).to(memory_format=last)
        padding = o.kernel // 2 if o.same else 0
        y = torch.nn.functional.conv2d(x, kernel, stride=o.strides, padding=padding)
        if o.direction == "forward":
            return briefly(lambda: torch.nn.functional.conv2d(x, kernel, stride=o.strides, padding=padding), 0.1)
        wanted = (o.direction == "input", o.direction == "kernel", False)
        strides, paddings = [o.strides] * 2, [padding] * 2
        backward = torch.ops.aten.convolution_backward
        return briefly(lambda: backward(y, x, kernel, None, strides, paddings, [1, 1], False, [0, 0], 1, wanted), 0.1)


if __name__ == "__main__":
    protocol.serve(TorchSystem)
