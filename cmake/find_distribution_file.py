"""Print the path of a file (or its folder, for a CMake package) that an installed distribution brought.

Usage: find_distribution_file.py DISTRIBUTION FILE_NAME
"""

import importlib.metadata
import sys
from pathlib import Path


def main() -> None:
    """Search the distribution's record; print nothing where it is not installed."""
    name, wanted = sys.argv[1:]
    try:
        files = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name == wanted:
            path = Path(file.locate()).resolve()
            if path.is_file():
                print(path.parent if wanted.endswith(".cmake") else path)
                return


if __name__ == "__main__":
    main()
