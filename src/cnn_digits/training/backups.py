"""Backups of a training in a folder: each is one file, which is there whole or not at all."""

import io
import json
import re
import warnings
import zipfile
from pathlib import Path

import numpy as np

from cnn_digits.files import damage_named, written_whole

_NAME = re.compile(r"epoch-(\d+)\.npz")
_VALUES = "values.json"
_FORMAT = 1


class Backups:
    """The last two backups of a training, of which the newer one counts.

    A process that is killed at any moment, or a disk that is full, leaves what was there
    before. The older one is for a disk that loses what it has written.

    Parameters
    ----------
    folder : str or path-like
        One of its own, made when it is needed.
    """

    def __init__(self, folder):
        self._folder = Path(folder)

    def newest(self):
        """The newest backup that can be read.

        Returns
        -------
        backup : (values, arrays) or None
            As they were written; None if there is nothing to go on from.

        Raises
        ------
        ValueError
            If the folder or its newest backup is of another version, or of something else.

        Warns
        -----
        UserWarning
            If a newer one is damaged.
        """
        files = self._files()
        if not files:
            self._check_that_nothing_else_is_there()
        for number in sorted(files, reverse=True):
            try:
                with damage_named(files[number]):
                    values, arrays = _unpacked(files[number])
            except ValueError as error:
                del files[number]
                rest = "The one before it is used." if files else "Training begins anew."
                warnings.warn(f"{error}. {rest}", UserWarning, stacklevel=2)
                continue
            if not isinstance(values, dict) or values.pop("format", None) != _FORMAT:
                raise self.unusable("it was written by another version of cnn-digits")
            return values, arrays
        return None

    def write(self, epoch, values, arrays):
        """Back up what an epoch has come to, and remove what is older than the one before.

        Parameters
        ----------
        epoch : int
            How many epochs there have been.
        values : dict
            That JSON can hold.
        arrays : dict of lists of ndarrays

        Raises
        ------
        OSError
            If it can't be written. What was there before is as it was.
        """
        content = _packed({"format": _FORMAT, **values}, arrays)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with written_whole(self._folder / f"epoch-{epoch}.npz") as file:
                file.write(content)
            for number, path in self._files().items():
                if number not in (epoch, epoch - 1):
                    path.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or str(error).rstrip(".")
            last = max(self._files(), default=0)
            raise type(error)(
                f"Epoch {epoch} can't be backed up in {self._folder}: {reason}. Training ends; "
                f"next time it {f'goes on after epoch {last}' if last else 'begins anew'}."
            ) from error

    def remove(self):
        """Remove the backups, the newest one last, and the folder if nothing else is in it.

        Warns
        -----
        UserWarning
            If that can't be done.
        """
        try:
            files = self._files()
            # Hidden ones are what a killed process had not finished.
            unfinished = self._folder.glob(".cnn-digits.*")
            for path in [*unfinished, *(files[number] for number in sorted(files))]:
                path.unlink(missing_ok=True)
            if self._folder.is_dir() and not any(self._folder.iterdir()):
                self._folder.rmdir()
        except OSError as error:
            warnings.warn(
                f"The checkpoint in {self._folder} can't be removed: {error.strerror}.",
                UserWarning,
                stacklevel=2,
            )

    def unusable(self, reason):
        """An error that says why training can't go on from here, and what to do."""
        return ValueError(
            f"The checkpoint in {self._folder} can't be used, {reason}. Remove the folder to "
            "begin anew."
        )

    def _files(self):
        """The path of each backup by the number of its epoch."""
        paths = self._folder.iterdir() if self._folder.is_dir() else ()
        found = ((_NAME.fullmatch(path.name), path) for path in paths)
        return {int(match[1]): path for match, path in found if match and path.is_file()}

    def _check_that_nothing_else_is_there(self):
        paths = self._folder.iterdir() if self._folder.is_dir() else ()
        others = sorted(path.name for path in paths if not path.name.startswith("."))
        if others:
            raise self.unusable(f"it holds {others[0]}, which this version has not written")


def _packed(values, arrays):
    """Values and lists of arrays as the bytes of an .npz file that holds a JSON, too."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_VALUES, json.dumps(values))
        for group, members in arrays.items():
            for number, array in enumerate(members):
                with archive.open(f"{group}/{number}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)
    return file.getbuffer()


def _unpacked(path):
    """The inverse of `_packed`, from a file."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        values = json.loads(archive.read(_VALUES))
        for name in archive.namelist():
            if name != _VALUES:
                # Read to its end, where its checksum is compared.
                entry = io.BytesIO(archive.read(name))
                array = np.lib.format.read_array(entry, allow_pickle=False)
                arrays.setdefault(name.partition("/")[0], []).append(array)
    return values, arrays
