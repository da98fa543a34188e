"""The same clothes, named by a small residual network, in fewer epochs and with half the weights of the plain one.

    python examples/image_recognition/resnet.py [--epochs 5] [--short]

What it leaves, pictures of its errors among it, has the same names as what `cnn.py` leaves.
"""

from clothes import OUTPUT, start
from cnn import recognise
from models import build_resnet


def main(epochs=5, short=False, output=OUTPUT):
    return recognise(build_resnet, epochs, short, output, target=None)


if __name__ == "__main__":
    start(main)
