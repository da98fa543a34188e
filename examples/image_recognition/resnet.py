"""The same clothes, named by a small residual network, in fewer epochs and with half the weights of the plain one.

    python examples/image_recognition/resnet.py [--epochs 5] [--short]

What it leaves, pictures of its errors among it, has the same names as what `cnn.py` leaves.
"""

from cnn import command_line, main
from models import build_resnet

if __name__ == "__main__":
    main(build=build_resnet, target=None, **command_line(__doc__.splitlines()[0], epochs=5))
