"""Altered data files, read one after the other by a process that may not die of any.

Small files of every kind that `read_dataset` knows are altered: bits flipped, pieces cut out,
repeated, swapped or overwritten by extremes, inside of what is packed as well, and bombs that claim
or unpack to gigabytes. Each is either read, or refused by one clear line that names it. What must
not happen: the process dies, takes more than 10 s of computing or 2 GiB of memory, or any other
error comes out.

Each file follows from the seed and its number. What goes wrong is kept, and named.
"""

import argparse
import gzip
import io
import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, features

# What one file may take, beyond what the process has when it begins.
_MEMORY = 2**31
_SECONDS = 10

GOOD = ("read", "refused")
BAD = ("crash", "hang", "memory", "other error", "bare word", "can't work")


# The files, before they are altered.


@cache
def sample_files(seed):
    """Small files of every kind: a list of pairs of name and bytes."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 256, (6, 5, 5), np.uint8) * rng.integers(0, 2, (6, 5, 5), np.uint8)
    X[:, -1, -1] = 0  # a blank corner, which is no label
    y = np.arange(6) % 3
    return [*_tables(X, y), *_array_files(X, y), *_pictures(rng)]


def _tables(X, y):
    flat = X.reshape(len(X), -1)
    names = ["label", *(f"pixel{i}" for i in range(flat.shape[1]))]
    rows = [",".join(map(str, [label, *row])) for label, row in zip(y, flat, strict=True)]
    plain = "\n".join([",".join(names), *rows]).encode()
    words = plain.replace(b"\n1,", b'\n"one", ').replace(b",0,", b",0.0,")
    nameless = "\n".join(rows).encode()
    for name, content in (("plain", plain), ("words", words), ("nameless", nameless)):
        yield f"{name}.csv", content
        yield f"{name}.csv.gz", gzip.compress(content, mtime=0)
        yield f"{name}.csv.zip", _zipped({"a.csv": content})


def _array_files(X, y):
    for dtype in ("u1", "<f4"):
        for packed in (False, True):
            arrays = {"X": X.astype(dtype), "y": y.astype(str) if packed else y}
            yield f"{dtype[-2:]}{packed:d}.npz", _npz(arrays, packed)
    both = {"x_train": X, "y_train": y, "x_test": X[:2], "y_test": y[:2]}
    yield "both.npz", _npz(both, True)
    idx = struct.pack(">4B3I", 0, 0, 8, 3, *X.shape) + X.tobytes()
    yield "images-idx3-ubyte", idx
    yield "images-idx3-ubyte.gz", gzip.compress(idx, mtime=0)


def _pictures(rng):
    sheet = np.full((24, 20), 230, np.uint8)
    sheet[5:18, 8:12] = 40
    grey = Image.fromarray(sheet)
    exif = Image.Exif()
    exif[0x0112] = 6
    noise = Image.fromarray(rng.integers(0, 256, (24, 20, 3), np.uint8))
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        yield f"{mode}.png", _saved(grey.convert(mode), "PNG")
    yield "16.png", _saved(Image.fromarray(sheet.astype(np.uint16) * 257), "PNG")
    yield "plain.jpg", _saved(grey, "JPEG", exif=exif)
    yield "colours.jfif", _saved(noise, "JPEG", progressive=True)
    yield "one.gif", _saved(grey, "GIF")
    yield "two.gif", _saved(grey, "GIF", save_all=True, append_images=[noise])
    yield "grey.bmp", _saved(grey, "BMP")
    yield "colours.bmp", _saved(noise, "BMP")
    for packing in (None, "tiff_lzw", "tiff_deflate", "group4", "jpeg"):
        image = grey.convert("1") if packing == "group4" else noise
        yield f"{packing}.tif", _saved(image, "TIFF", compression=packing, exif=exif)
    yield "float.tif", _saved(Image.fromarray(sheet.astype(np.float32)), "TIFF")
    yield "lossy.webp", _saved(noise, "WEBP")
    yield "lossless.webp", _saved(grey.convert("RGBA"), "WEBP", lossless=True)
    if features.check("avif"):
        yield "colours.avif", _saved(noise, "AVIF")
    if find_spec("pillow_heif"):
        from pillow_heif import register_heif_opener

        register_heif_opener()
        yield "colours.heic", _saved(noise.resize((64, 64)), "HEIF")


def _zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _npz(arrays, packed):
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, **arrays)
    return file.getvalue()


def _saved(image, file_format, **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


# Alterations: of bytes, and of what is packed in them.

_EXTREMES = (b"\0", b"\xff", b"\x7f\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0" * 8)
_WORDS = (b",", b"\n", b'"', b"-1", b"1e999", b"9" * 400, b"nan", "٣".encode(), b"1_0", b"\xff")


def altered(rng, name, content):
    """The content of a file with something changed, also in what is packed inside of it."""
    if name.endswith(".gz") and rng.random() < 0.6:
        return gzip.compress(_changed(rng, gzip.decompress(content)), mtime=0)
    if name.endswith((".zip", ".npz")) and rng.random() < 0.6:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        chosen = sorted(members)[rng.integers(len(members))]
        members[chosen] = _changed(rng, members[chosen])
        return _zipped(members)
    if name.endswith(".png") and rng.random() < 0.6:
        return _changed_chunk(rng, content)
    return _changed(rng, content)


def _changed(rng, content):
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        start, end = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        # Most of what decides is in the first bytes, and most changes are small.
        if rng.random() < 0.4:
            start, end = min(start, 40), min(end, 60)
        piece = data[start : start + int(rng.integers(1, 64))]
        match rng.integers(7):
            case 0:
                for place in rng.integers(0, max(1, len(data)), rng.integers(1, 9)):
                    data[place : place + 1] = bytes([rng.integers(256)])
            case 1:
                del data[start:end]
            case 2:
                data[start:start] = rng.bytes(int(rng.integers(1, 40)))
            case 3:
                data[end:end] = piece * int(rng.integers(1, 200))
            case 4:
                extreme = _EXTREMES[rng.integers(len(_EXTREMES))]
                data[start : start + len(extreme)] = extreme
            case 5:
                data[start : start + 1] = _WORDS[rng.integers(len(_WORDS))]
            case 6:
                data[start : start + len(piece)] = data[end : end + len(piece)]
    return bytes(data)


def _changed_chunk(rng, content):
    """A PNG with a chunk changed, and its checksum right."""
    chunks, place = [], 8
    while place < len(content):
        (size,) = struct.unpack(">I", content[place : place + 4])
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + size]))
        place += size + 12
    i = int(rng.integers(len(chunks)))
    kind, data = chunks[i]
    if kind == b"IDAT":
        data = zlib.compress(_changed(rng, zlib.decompress(data)))
    else:
        data = _changed(rng, data)
    chunks[i] = kind, data
    return _png(chunks)


def _png(chunks):
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in chunks:
        parts += [
            struct.pack(">I", len(data)),
            kind,
            data,
            struct.pack(">I", zlib.crc32(kind + data)),
        ]
    return b"".join(parts)


# Bombs: little to send, much to unpack.


def bomb(rng):
    """The name and the content of a small file that claims, or is, something huge."""
    makers = (_large_png, _long_png, _large_npz, _large_idx, _large_table, _wide_label, _many_scans)
    return makers[rng.integers(len(makers))](rng)


def _png_of_zeros(width, height, colour, n_bytes):
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    pixels = zlib.compress(bytes(n_bytes), 1)
    return _png([(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")])


def _large_png(rng):
    side = int(2 ** rng.uniform(13, 31))
    return "large.png", _png_of_zeros(side, side, int(rng.choice([0, 2, 4, 6])), 2**24)


def _long_png(rng):
    length = int(2 ** rng.uniform(12, 28))
    width, height = rng.permutation([length, int(rng.integers(1, 4))]).tolist()
    return "long.png", _png_of_zeros(width, height, 0, min(width * height + height, 2**26))


def _large_npz(rng):
    n = int(2 ** rng.uniform(18, 34))
    header, file = io.BytesIO(), io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": (n // 784, 784)}
    np.lib.format.write_array_header_1_0(header, description)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("X.npy", header.getvalue() + bytes(min(n, 2**27)))
    content = file.getvalue()
    if n > 2**27:  # the directory claims what the array does
        said = struct.pack("<I", len(header.getvalue()) + 2**27)
        claim = struct.pack("<I", min(n, 2**32 - 2))
        content = content.replace(said, claim)
    return "large.npz", content


def _large_idx(rng):
    n = int(2 ** rng.uniform(10, 32))
    head = struct.pack(">4B3I", 0, 0, 8, 3, n, 28, 28)
    return "large-idx3-ubyte.gz", gzip.compress(head + bytes(min(784 * n, 2**27)), 1, mtime=0)


def _large_table(rng):
    n = int(2 ** rng.uniform(16, 27))
    rows = (b"7,5\n", b"a,5\n", b'"7","5"\n', b"\n", b"x", b"7,5,", b"7;5\r\n")
    filler = rows[rng.integers(len(rows))]
    text = b"label,pixel0\n" * int(rng.integers(2)) + filler * (n // len(filler))
    return "large.csv.gz", gzip.compress(text, 1, mtime=0)


def _wide_label(rng):
    n, width = int(2 ** rng.uniform(4, 17)), int(2 ** rng.uniform(4, 17))
    text = b"label,pixel0\n" + b"7,5\n" * n + b"x" * width + b",5\n"
    return "wide.csv", text


def _many_scans(rng):
    side = int(2 ** rng.uniform(3, 9))
    noise = Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8))
    content = _saved(noise, "JPEG", progressive=True, quality=80)
    last = content.rindex(b"\xff\xda")
    scan = content[last:-2]
    n = min(int(2 ** rng.uniform(3, 13)), 2**23 // len(scan))
    return "scans.jpg", content[:-2] + scan * n + content[-2:]


# Reading: a process of its own, which says what came of each file.


class Reader:
    """A process that reads files; begun anew when it dies."""

    def __init__(self):
        self.process = None

    def read(self, path):
        """What comes of a file: its outcome, and the words that go with it."""
        if self.process is None:
            command = [sys.executable, __file__, "--worker"]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self.process.stdout.readline()
        self.process.stdin.write(os.fsencode(path) + b"\n")
        self.process.stdin.flush()
        # What waits does not compute; what else the machine does may take its time.
        is_there, _, _ = select.select([self.process.stdout], [], [], 6 * _SECONDS)
        answer = self.process.stdout.readline() if is_there else b""
        if answer:
            return json.loads(answer)
        if not is_there:
            self.process.kill()
        code = self.process.wait()
        self.close()
        is_late = not is_there or code == -signal.SIGXCPU
        return ("hang" if is_late else "crash"), f"ended by {code}"

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None


def work():
    """Read each file that is named on standard input, and say what came of it."""
    from cnn_digits.data.dataset import read_dataset

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:  # everything is loaded before it is measured
        for name, content in sample_files(0):
            path = Path(folder, name)
            path.write_bytes(content)
            read_dataset(path, labelled=False, framed=True)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY, resource.RLIM_INFINITY))
    print("ready", flush=True)
    for line in sys.stdin.buffer:
        path = os.fsdecode(line[:-1])
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + 1 + _SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        print(json.dumps(_outcome(read_dataset, path)), flush=True)


def _outcome(read, path):
    try:
        found = read(path, labelled=False, framed=True)
    except MemoryError as error:
        return "memory", repr(error)
    except (ValueError, OSError) as error:
        text = str(error)
        if "more memory than there is" in text:
            return "memory", text
        reason = text.replace(path, "", 1)
        is_clear = path in text and "\n" not in text and len(reason.split()) > 4
        return ("refused" if is_clear else "bare word"), text
    except Exception as error:
        return "other error", repr(error)
    y = found.target
    fits = len(found.data) and (y is None or len(y) == len(found.data))
    return ("read" if fits and found.data.dtype.kind in "buif" else "can't work"), ""


def made(seed, number):
    """The name and the content of a file, from nothing but the seed and its number."""
    rng = np.random.default_rng([seed, number])
    if rng.random() < 0.05:
        return bomb(rng)
    files = sample_files(seed)
    name, content = files[rng.integers(len(files))]
    return name, altered(rng, name, content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--keep", type=Path, help="folder for files that go wrong")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work()
        return 0
    keep = options.keep or Path(tempfile.mkdtemp(prefix="cnn-digits-fuzz."))
    keep.mkdir(parents=True, exist_ok=True)
    counts, reader, begin = Counter(), Reader(), time.monotonic()
    for number in range(options.first, options.first + options.files):
        if time.monotonic() - begin > options.seconds:
            break
        name, content = made(options.seed, number)
        path = keep / f"{options.seed}-{number}-{name}"
        path.write_bytes(content)
        outcome, words = reader.read(path)
        counts[outcome] += 1
        if outcome in GOOD:
            path.unlink()
        else:
            print(f"{outcome}: --seed {options.seed} --first {number} --files 1, {path}: {words}")
    reader.close()
    print(
        f"{counts.total():,} files: {', '.join(f'{counts[kind]:,} {kind}' for kind in GOOD + BAD)}"
    )
    return int(any(counts[kind] for kind in BAD))


if __name__ == "__main__":
    sys.exit(main())
