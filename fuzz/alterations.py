"""What can be done to a model file: to its bytes, its JSON, its arrays and its zip.

Each function in `ALTERATIONS` takes the bytes of a file that opens, and a `random.Random`, and
returns the bytes of another.
"""

import io
import json
import math
import pickle
import re
import struct
import zipfile

import numpy as np

DESCRIPTION = "classifier.json"

# What stands in the place of a value of the JSON: of another type, extreme, or almost right.
VALUES = [
    *(None, True, False, 0, 1, -1, 2, 3, 10, 64, 255, 2**31, 2**63, -(2**63), 10**30, 10**400),
    *(0.0, -0.0, 0.5, 1.0, 1e-320, 1e-30, 1e30, 1e38, 1e300, math.inf, -math.inf, math.nan),
    *("", "a", "none", "auto", "balanced", "float32", "mixed_float16", "lenet5", "compact", "\0"),
    *("os.system", "../../etc/passwd", "é", "\ud800", "a\nb", "x" * 2000, "x" * 200_000),
    *([], [0], [1, 2], [None], [1.5, "a"], [[1, 2]], [[]], [0] * 1000, {}, {"a": 1}),
    {"class": "Adam", "config": {}},
    {"class": "LossScaleOptimizer", "config": {}},
    {"class": "Adam", "config": {"learning_rate": {"class": "Adam", "config": {}}}},
    {"class": "CategoricalCrossentropy", "config": {"reduction": "no", "from_logits": 1}},
    {"module": "os", "class_name": "system", "config": {"command": "true"}},
]
TYPES = [
    *("<U1", "<U0", "<U3", "<U2000", "<U120000000", ">U5", "<i8", ">i8", "<i4", "|i1", "|u1"),
    *("<f8", "<f4", "<f2", "|b1", "|O", "O", "|V8", "|S5", "<M8[s]", "<c16", "i4,f8", "object"),
    *("str", "U", "<U-1", "(2,3)i4", "float128", "<f16", "|V0", "T", "", "no", "<u8", "int"),
]
# What no JSON module writes.
TEXTS = [
    *("1e400", "-1e400", "NaN", "Infinity", "9" * 5000, "[" * 100_000, "[" * 900 + "]" * 900),
    *('"\\ud800"', '{"a": 1, "a": 2}', "// 1", "'a'", "01", "1.", "\ufeff1", '{"a"', "nul"),
    *("[" + "[]," * 50_000 + "[]]", '"' + "a" * 10**6 + '"', "1" + "0" * 4000),
]
HEADERS = [
    *("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", "{}", "", "(" * 5000, "[]"),
    *("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,)}", "{'descr': '<f4'}"),
    *("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 3)}", "__import__('os').abort()"),
    *("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (-1,)}", "\0", "x" * 60_000),
]


def members(data):
    """Names and contents of the members of a zip, in their order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def zipped(contents, compression=None):
    """A zip of members, compressed as in a model file, or all in one way."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents:
            usual = zipfile.ZIP_DEFLATED if name == DESCRIPTION else zipfile.ZIP_STORED
            archive.writestr(name, content, usual if compression is None else compression)
    return buffer.getvalue()


# The bytes.


def flipped(data, random):
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 8, 100])):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def with_forged_headers(data, random):
    """Bytes of the headers of members, and of the list of contents at the end."""
    places = [match.start() for match in re.finditer(b"PK[\1-\7][\2-\10]", data)]
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4])):
        place = random.choice(places) + random.randrange(60)
        if place < len(data):
            data[place] = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])
    return bytes(data)


def with_forged_numbers(data, random):
    """Sizes, offsets and counts in the list of contents at the end."""
    data = bytearray(data)
    place = random.choice([match.start() for match in re.finditer(b"PK[\1\5][\2\6]", data)])
    fields = (8, 10, 16, 20, 24, 28, 30, 42) if data[place + 2] == 1 else (4, 8, 10, 12, 16, 20)
    number = random.choice([0, 1, 0xFFFF, 2**31, 2**32 - 1, random.randrange(2**32)])
    struct.pack_into("<H", data, place + random.choice(fields), number & 0xFFFF)
    if random.random() < 0.5 and place + 46 < len(data):
        struct.pack_into("<L", data, place + random.choice(fields[2:]), number)
    return bytes(data)


def cut(data, random):
    return data[: random.randrange(len(data))]


def shortened(data, random):
    start = random.randrange(len(data))
    return data[:start] + data[start + random.choice([1, 1, 2, 10, 100, 1000]) :]


def lengthened(data, random):
    start = random.choice([0, len(data), random.randrange(len(data))])
    return data[:start] + random.randbytes(random.choice([1, 1, 2, 10, 100])) + data[start:]


def overwritten(data, random):
    start, n = random.randrange(len(data)), random.choice([1, 4, 50, 500])
    filling = random.choice([bytes(n), b"\xff" * n, random.randbytes(n)])
    return data[:start] + filling + data[start + n :]


def repeated(data, random):
    return data[: random.randrange(len(data))] + data[random.randrange(len(data)) :]


def foreign(data, random):
    begin = random.choice(
        [b"", b"\0", b"no model", b"\x89HDF\r\n\x1a\n", b"\x89PNG\r\n", b"PK\5\6"]
    )
    others = (pickle.dumps([1, 2]), zipped([("config.json", b"{}")]), zipped([(DESCRIPTION, b"1")]))
    return random.choice([begin, begin + random.randbytes(500), *others])


# The JSON.


def _with_description(data, change):
    """The file with another description; `change` is given its text."""
    contents = []
    for name, content in members(data):
        if name == DESCRIPTION:
            content = change(content.decode()).encode("utf-8", "surrogatepass")
        contents.append((name, content))
    return zipped(contents)


def _with_meta(data, change):
    """The file with another description; `change` is given what it holds."""

    def changed(text):
        meta = json.loads(text)
        change(meta)
        return json.dumps(meta)

    return _with_description(data, changed)


def _places(value):
    """All containers in a value with each of their keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])


def _place(meta, random):
    """A container and a key; names are as likely as all items of lists, which are many."""
    places = list(_places(meta))
    return random.choice(random.choice([places, [p for p in places if isinstance(p[0], dict)]]))


def with_other_values(data, random):
    def change(meta):
        for _ in range(random.choice([1, 1, 1, 2])):
            container, key = _place(meta, random)
            container[key] = random.choice(VALUES)

    return _with_meta(data, change)


def with_similar_values(data, random):
    def change(meta):
        container, key = _place(meta, random)
        container[key] = _similar(container[key], random)

    return _with_meta(data, change)


def with_an_entry_more_or_less(data, random):
    def change(meta):
        container, key = _place(meta, random)
        if random.random() < 0.5:
            del container[key]
        elif isinstance(container, dict):
            container[random.choice(["other", "", key.upper(), "callbacks"])] = container[key]
        else:
            container.insert(key, container[key])

    return _with_meta(data, change)


def with_values_swapped(data, random):
    def change(meta):
        (one, i), (two, j) = _place(meta, random), _place(meta, random)
        # By way of text, because one may lie in the other.
        one[i], two[j] = (json.loads(json.dumps(value)) for value in (two[j], one[i]))

    return _with_meta(data, change)


def _similar(value, random):
    """Another value of the same type, mostly."""
    if isinstance(value, bool) or value is None:
        return random.choice([True, False, None, 0, 1])
    if isinstance(value, (int, float)):
        return random.choice([value + 1, value - 1, -value, value * 2, value / 2, value * 10**6])
    if isinstance(value, str):
        return random.choice([value[:-1], value + "x", value.upper(), value[::-1], [value]])
    if isinstance(value, dict):
        return list(value.items())
    return random.choice(
        [value[::-1], value * 2, value[1:], value[:-1], random.sample(value, len(value))]
    )


def with_other_text(data, random):
    """A value in the text of the JSON replaced by what may be no JSON."""

    def change(text):
        values = list(re.finditer(r'(?<=[ \[])(-?[\d.]+(e[+-]?\d+)?|"[^"]*"|true|null)', text))
        value = random.choice(values)
        return text[: value.start()] + random.choice(TEXTS) + text[value.end() :]

    return _with_description(data, change)


def with_other_letters(data, random):
    def change(text):
        letters = list(text)
        for _ in range(random.choice([1, 1, 3])):
            letters[random.randrange(len(letters))] = random.choice('0123456789-.eE"[]{},:\\ nx\0')
        return "".join(letters)

    return _with_description(data, change)


def with_other_labels(data, random):
    """A type and labels that may not belong to each other."""

    def change(meta):
        classes, how = meta["classes"], random.randrange(4)
        labels = classes["labels"]
        if how == 0:
            classes["dtype"] = random.choice(TYPES)
        elif how == 1:
            labels[random.randrange(len(labels))] = random.choice([*VALUES, *labels])
        elif how == 2:
            random.shuffle(labels)
        else:
            kind = random.choice([str, float, bool, int])
            classes["labels"] = [kind(number) for number in range(len(labels))]

    return _with_meta(data, change)


# The zip and its arrays.


def with_other_members(data, random):
    contents = members(data)
    i, j = random.randrange(len(contents)), random.randrange(len(contents))
    name, content = contents[i]
    how = random.randrange(6)
    if how == 0:
        del contents[i]
    elif how == 1:
        contents.append((name, contents[j][1]))
    elif how == 2:
        contents[i], contents[j] = (name, contents[j][1]), (contents[j][0], content)
    elif how == 3:
        contents[i] = (random.choice(["../" + name, "/" + name, name + "\0x", "é", "a/"]), content)
    elif how == 4:
        contents.append((random.choice(["network/99.npy", "optimizer/99.npy", "x"]), content))
    else:
        contents[i] = (name, random.choice([b"", content[:-1], content + b"\0", content * 2]))
    methods = [None, None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]
    return zipped(contents, random.choice([*methods, zipfile.ZIP_LZMA]))


def _with_array(data, random, change):
    """The file with another array; `change` is given the bytes of one."""
    contents = members(data)
    arrays = [i for i, (name, _) in enumerate(contents) if name != DESCRIPTION]
    i = random.choice(arrays)
    contents[i] = (contents[i][0], change(contents[i][1]))
    return zipped(contents)


def with_other_numbers(data, random):
    """Numbers of an array that are none, or that no fit comes to."""

    def change(content):
        array = np.load(io.BytesIO(content))
        values = [math.nan, math.inf, -math.inf, 1e38, -1e38, 1e20, -1.0, 0.0, 1e-40, 2**31 - 1]
        array = array.astype(np.float64)
        array.flat[random.randrange(array.size)] = random.choice(values)
        if random.random() < 0.5:
            array[...] = random.choice(values)
        return content[: len(content) - _as(content, array).nbytes] + _as(content, array).tobytes()

    return _with_array(data, random, change)


def _as(content, array):
    with np.errstate(all="ignore"):
        return array.astype(np.load(io.BytesIO(content)).dtype)


def with_other_header(data, random):
    def change(content):
        how = random.randrange(4)
        if how == 0:
            text = random.choice(HEADERS).encode()
            return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + content[128:]
        if how == 1:
            return content[:6] + random.choice([b"\2\0", b"\3\0", b"\0\0"]) + content[8:]
        array, buffer = np.load(io.BytesIO(content)), io.BytesIO()
        if how == 2:
            array = array.astype(random.choice(["<f8", ">f4", "<f2", "<i4", "|b1", "<c8", "<U2"]))
        else:
            shapes = [(1, *array.shape), array.shape[::-1], (array.size,), (array.size, 1)]
            array = array.reshape(random.choice(shapes))
        np.save(buffer, array)
        return buffer.getvalue()

    return _with_array(data, random, change)


ALTERATIONS = [
    *(flipped, with_forged_headers, with_forged_numbers, cut, shortened, lengthened, overwritten),
    *(repeated, foreign, with_other_values, with_similar_values, with_an_entry_more_or_less),
    *(with_values_swapped, with_other_text, with_other_letters, with_other_labels),
    *(with_other_members, with_other_numbers, with_other_header),
]
