"""The data sets that read files, as classes of their own names."""

from __future__ import annotations

from typing import Any

from headwater.data import csv_files, readers
from headwater.data.dataset import Dataset


class TextLineDataset(Dataset):
    """The lines of text files, without their ends, as strings.

    Args:
        filenames: one path or several, or a data set of paths.
        compression_type: "GZIP", "ZLIB", or None.
        buffer_size: accepted.
        num_parallel_reads: files that are read at once, their lines in turn; one after the other by default.
        name: what messages call it.
    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/a.txt"
        >>> with open(path, "w") as file:
        ...     _ = file.write("one\\ntwo\\n")
        >>> list(TextLineDataset(path).as_numpy_iterator())
        [b'one', b'two']
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(_named(readers.text_lines(filenames, compression_type, num_parallel_reads), name))


class TFRecordDataset(Dataset):
    """The records of TFRecord files, as strings.

    Args:
        filenames, compression_type, buffer_size, num_parallel_reads, name: as for `TextLineDataset`.
    Raises: DataLossError while it runs, with file and place, for a file that is damaged or cut short.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(_named(readers.records(filenames, compression_type, num_parallel_reads), name))


class FixedLengthRecordDataset(Dataset):
    """Records of one length, as strings.

    Args:
        filenames, compression_type, buffer_size, num_parallel_reads, name: as for `TextLineDataset`.
        record_bytes: bytes of a record.
        header_bytes, footer_bytes: bytes at the beginning and end of a file that are left out.
    """

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        stage = readers.fixed_length_records(
            filenames, record_bytes, header_bytes, footer_bytes, compression_type, num_parallel_reads
        )
        super().__init__(_named(stage, name))


class CsvDataset(Dataset):
    """The rows of CSV files, as tuples of numbers and strings.

    Args:
        filenames, compression_type, buffer_size: as for `TextLineDataset`.
        record_defaults: for each column that is wanted, a dtype, if it must have a value in each row, or the value of
            an empty field.
        header: whether files begin with a row of names.
        field_delim: what separates fields.
        use_quote_delim: whether fields may stand in double quotes.
        na_value: what stands for no value, beside an empty field.
        select_cols, exclude_cols: places of the columns that are wanted, or not.
    Raises: DataLossError while it runs, with file and line, for a row that can't be read.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        header: bool = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Any = None,
        exclude_cols: Any = None,
    ) -> None:
        stage = csv_files.csv_rows(
            filenames, record_defaults, compression_type, header, field_delim, use_quote_delim, na_value, select_cols,
            exclude_cols,
        )  # fmt: skip
        super().__init__(stage)


def _named(stage: Any, name: str | None) -> Any:
    if name is not None:
        stage.name = name
    return stage
