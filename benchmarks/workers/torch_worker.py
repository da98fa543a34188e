"""torch by a hand-written loop, as its users write it: eager, or with TORCH_WORKER=compile through torch.compile."""

import itertools
import os
import time

import protocol

START = time.perf_counter()
import torch  # noqa: E402  (its import is what is timed)

IMPORT_SECONDS = time.perf_counter() - START


class TorchSystem:
    """The perceptron of a workload with Adam, cross-entropy and a running accuracy."""

    import_seconds = IMPORT_SECONDS
    version = torch.__version__

    def __init__(self, workload):
        sizes = workload["sizes"]
        self.batch = workload["batch"]
        stack = []
        for inputs, units in itertools.pairwise(sizes):
            stack += [torch.nn.Linear(inputs, units), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*stack[:-1])
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), protocol.starting_weights(workload)):
                parameter.copy_(torch.from_numpy(value.T.copy()))
        # Keras's adam has epsilon 1e-7
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, eps=1e-7)
        self.loss = torch.nn.CrossEntropyLoss()
        self.call = torch.compile(self.model) if os.environ.get("TORCH_WORKER") == "compile" else self.model

    def train(self, x, y):
        x, y = torch.from_numpy(x), torch.from_numpy(y).long()
        total, right = torch.zeros(()), torch.zeros((), dtype=torch.long)
        for start in range(0, len(x), self.batch):
            inputs, labels = x[start : start + self.batch], y[start : start + self.batch]
            self.optimizer.zero_grad()
            logits = self.call(inputs)
            loss = self.loss(logits, labels)
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
            right += (logits.detach().argmax(1) == labels).sum()
        return total.item() / (len(x) // self.batch)

    def predict_row(self, row):
        with torch.no_grad():
            return torch.softmax(self.call(torch.from_numpy(row)), 1).numpy()


if __name__ == "__main__":
    protocol.serve(TorchSystem)
