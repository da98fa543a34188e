"""Folders of files as samples: which files there are, in which order, with which labels, and in which part."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater.data import AUTOTUNE, Dataset
from headwater.errors import ArgumentError, HeadwaterError, NotFoundError
from headwater.frontend.tensor_spec import TensorSpec
from headwater.keras.utils.io import print_msg

LABEL_MODES = ("int", "categorical", "binary", None)


class Files(NamedTuple):
    """Files and their labels.

    Attributes:
        paths: of the files.
        labels: int32, one for each; None without labels.
        class_names: the classes in the order of their numbers; None without labels.
    """

    paths: list[str]
    labels: Any
    class_names: list[str] | None


class FolderOptions(NamedTuple):
    """What the loaders of folders have in common; see `image_dataset_from_directory`."""

    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool


def folder_datasets(
    options: FolderOptions,
    formats: tuple[str, ...],
    kind: str,
    load: Callable[[str], Any],
    spec: Any,
    batched: Callable[[Dataset, int], Dataset] = Dataset.batch,
) -> Any:
    """A data set of the files of a folder; a list of two for subset="both".

    Args:
        options: the arguments of the loader.
        formats: endings of the files that are taken.
        kind: what they are, for messages.
        load: from a path to a sample.
        spec: of a sample.
        batched: how samples make batches.
    Raises: ArgumentError for options that do not fit; NotFoundError if there is no folder, or no file in a part.
    """
    options = _checked(options)
    files = _shuffled(index_directory(options, formats), options)
    if options.label_mode == "binary" and len(files.class_names or ()) != 2:
        raise ArgumentError(
            f'label_mode="binary" with the classes {files.class_names}.', fix="have exactly two of them."
        )
    parts = ("training", "validation") if options.subset == "both" else (options.subset,)
    found = []
    for part in parts:
        chosen = _part_of(files, options.validation_split, part)
        if not chosen.paths:
            raise NotFoundError(
                f"there is no {part + ' ' if part else ''}{kind} file in {options.directory}.",
                fix=f"look at the folder: files that end in {', '.join(formats)} are taken.",
            )
        mixed = options.shuffle and not (options.subset == "both" and part == "validation")
        found.append(_dataset(chosen, options, mixed, _Loading(load, kind, spec, chosen.labels is not None), batched))
    return found if options.subset == "both" else found[0]


def _checked(options: FolderOptions) -> FolderOptions:
    labels, mode = options.labels, options.label_mode
    if labels not in ("inferred", None) and not isinstance(labels, (list, tuple, np.ndarray)):
        raise ArgumentError(
            f"labels={labels!r}.",
            fix='pass "inferred" (by subfolder), None, or a whole number for each file.',
        )
    if isinstance(labels, (list, tuple, np.ndarray)) and options.class_names:
        raise ArgumentError("class_names beside labels.", fix='class_names goes with labels="inferred".')
    if mode not in LABEL_MODES:
        raise ArgumentError(f"label_mode={mode!r}.", fix='pass "int", "categorical", "binary" or None.')
    _check_split(options)
    if labels is None or mode is None:
        options = options._replace(labels=None, label_mode=None)
    if options.seed is None:
        options = options._replace(seed=int(np.random.randint(1e6)))  # noqa: NPY002 - set_random_seed seeds it
    return options


def _check_split(options: FolderOptions) -> None:
    split, subset = options.validation_split, options.subset
    if split and not 0 < split < 1:
        raise ArgumentError(f"validation_split={split}.", fix="pass a share between 0 and 1.")
    if bool(split) != bool(subset):
        raise ArgumentError("of validation_split and subset one is given.", fix="pass both, or neither.")
    if subset not in ("training", "validation", "both", None):
        raise ArgumentError(f"subset={subset!r}.", fix='pass "training", "validation" or "both".')
    if split and options.shuffle and options.seed is None:
        raise ArgumentError(
            "validation_split with shuffle and without seed: two calls would give parts that overlap.",
            fix="pass seed=, the same for both parts, or shuffle=False.",
        )


def index_directory(options: FolderOptions, formats: tuple[str, ...]) -> Files:
    """The files of a folder in the order of their names, class by class.

    Raises: NotFoundError if there is no such folder; ArgumentError if classes or labels do not fit to what is there.
    """
    root = os.fspath(options.directory)
    if not os.path.isdir(root):
        raise NotFoundError(f"{root} is not a folder.", fix="pass the folder whose subfolders are the classes.")
    if isinstance(options.labels, str):
        classes = _classes(root, options.class_names)
        groups = [_files_under(os.path.join(root, name), formats, options.follow_links) for name in classes]
        numbers = np.repeat(np.arange(len(groups), dtype=np.int32), [len(group) for group in groups])
        files = Files([path for group in groups for path in group], numbers, classes)
    else:
        files = _labelled(root, _files_under(root, formats, options.follow_links), options)
    if options.verbose:
        told = "" if files.class_names is None else f" belonging to {len(files.class_names)} classes"
        print_msg(f"Found {len(files.paths)} files{told}.")
    return files


def _classes(root: str, names: Sequence[str] | None) -> list[str]:
    there = [name for name in sorted(os.listdir(root)) if os.path.isdir(os.path.join(root, name)) and name[0] != "."]
    if names is None:
        return there
    if not set(names) <= set(there):
        raise ArgumentError(
            f"class_names has {sorted(set(names) - set(there))}, and the subfolders are {there}.",
            fix="name subfolders.",
        )
    return list(names)


def _labelled(root: str, paths: list[str], options: FolderOptions) -> Files:
    if options.class_names is not None:
        raise ArgumentError("class_names without inferred labels.", fix='class_names goes with labels="inferred".')
    if options.labels is None:
        return Files(paths, None, None)
    if len(options.labels) != len(paths):
        raise ArgumentError(
            f"{len(options.labels)} labels for {len(paths)} files in {root}.",
            fix="pass one for each file, in the order of os.walk with names sorted.",
        )
    return Files(paths, np.asarray(options.labels), [str(label) for label in sorted(set(options.labels))])


def _files_under(folder: str, formats: tuple[str, ...], follow_links: bool) -> list[str]:
    walked = sorted(os.walk(folder, followlinks=follow_links), key=lambda place: place[0])
    return [
        os.path.join(place, name)
        for place, _, names in walked
        for name in sorted(names)
        if name.lower().endswith(formats)
    ]


def _shuffled(files: Files, options: FolderOptions) -> Files:
    """Files and labels in the order that the seed gives: the one that Keras gives."""
    if not options.shuffle:
        return files
    order = np.arange(len(files.paths))
    np.random.RandomState(options.seed).shuffle(order)
    return Files(
        [files.paths[place] for place in order],
        None if files.labels is None else files.labels[order],
        files.class_names,
    )


def _part_of(files: Files, share: float | None, part: str | None) -> Files:
    if not share:
        return files
    held = int(share * len(files.paths))
    first = len(files.paths) - held
    print_msg(f"Using {first} files for training." if part == "training" else f"Using {held} files for validation.")
    chosen = slice(0, first) if part == "training" else slice(first, None)
    return Files(files.paths[chosen], None if files.labels is None else files.labels[chosen], files.class_names)


def _dataset(
    files: Files, options: FolderOptions, mixed: bool, load: _Loading, batched: Callable[[Dataset, int], Dataset]
) -> Dataset:
    samples: Any = np.array(files.paths, object)
    if files.labels is not None:
        labels = encoded(files.labels, options.label_mode, len(files.class_names or ()))
        samples = (samples, labels)
        load.output_signature = (load.output_signature, TensorSpec(labels.shape[1:], str(labels.dtype)))
    dataset = Dataset.from_tensor_slices(samples)
    if mixed:
        dataset = dataset.shuffle(1024 if options.batch_size is None else 8 * options.batch_size, seed=options.seed)
    dataset = dataset.map(load, num_parallel_calls=AUTOTUNE)
    if options.batch_size is not None:
        dataset = batched(dataset, options.batch_size)
    dataset = dataset.prefetch(AUTOTUNE)
    dataset.class_names = files.class_names  # type: ignore[attr-defined]
    dataset.file_paths = files.paths  # type: ignore[attr-defined]
    return dataset


class _Loading:
    """The loader as a function of a path, or of a path and a label, in string tensors; its errors name the file."""

    def __init__(self, load: Callable[[str], Any], kind: str, spec: Any, labelled: bool) -> None:
        self._load, self._kind, self._labelled = load, kind, labelled
        self.output_signature: Any = spec

    def __call__(self, path: Any, *label: Any) -> Any:
        name = os.fsdecode(np.asarray(path, object)[()])
        try:
            sample = self._load(name)
        except (HeadwaterError, OSError, ValueError) as error:
            what = str(getattr(error, "what", "") or error)
            raise ArgumentError(
                f"the {self._kind} file {name} can't be read: {what}", fix="mend or remove it.", where=""
            ) from error
        return (sample, *label) if self._labelled else sample


def encoded(labels: np.ndarray, label_mode: str | None, count: int) -> np.ndarray:
    """Labels as losses take them: int32; for "binary" float32 of shape (samples, 1); for "categorical" one-hot rows."""
    if label_mode == "binary":
        return labels.astype(np.float32)[:, None]
    if label_mode == "categorical":
        return np.eye(count, dtype=np.float32)[labels]
    return labels.astype(np.int32) if labels.dtype.kind in "iu" else labels
