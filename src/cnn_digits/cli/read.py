"""`cnn-digits read`: the numbers on pictures."""

import warnings

from cnn_digits.cli.inputs import (
    add_network_argument,
    add_reject_argument,
    add_skip_argument,
    check_network,
    network_keys,
    remark_on_network,
)
from cnn_digits.cli.keras_loading import load_keras
from cnn_digits.cli.places import check_outputs, named_path
from cnn_digits.cli.progress import with_progress
from cnn_digits.cli.report import Report, add_report_arguments, in_columns
from cnn_digits.cli.streams import remark
from cnn_digits.files import check_writable, written_whole
from cnn_digits.onnx_network import is_available

NO_NUMBER = "no number was found"

_COLUMNS = ("file", "line", "number", "confidence", "left", "top", "width", "height")

# Pictures that are read together: few enough for a bar that moves, and not many photos.
_PER_STEP, _BYTES_PER_STEP = 16, 2**20

# Characters of a picture's name in that of the one that is drawn, which must not be too long.
_NAME = 50


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "read",
        help="read the numbers on pictures",
        description="Read the numbers on photos and scans, of fields or whole pages, and print "
        "a line for each. Needs no training: a network comes with cnn-digits.",
    )
    parser.add_argument(
        "data", type=named_path, metavar="PICTURE", nargs="+", help="pictures, or folders of them"
    )
    add_network_argument(parser, "numbers")
    _add_reading_arguments(parser)
    add_skip_argument(parser)
    add_reject_argument(parser)
    parser.add_argument(
        "--out",
        type=named_path,
        metavar="FILE",
        help="CSV file to write: a row for each number, with the box around it",
    )
    add_report_arguments(
        parser, "each picture with its numbers, their boxes and what is doubtful: NAME-numbers.png"
    )
    return parser


def _add_reading_arguments(parser):
    """The parameters of the reader that the command takes."""
    parser.add_argument(
        "--lines",
        choices=("auto", "1"),
        help="1 where each picture is the field of one line, cut out of a form (default: auto, "
        "which looks for lines)",
    )
    parser.add_argument(
        "--separators",
        action="store_true",
        help="keep what groups the digits of a number: dots, commas, hyphens, currency signs",
    )
    parser.add_argument(
        "--rotate",
        choices=("auto",),
        help="auto tries pictures upside down and on either side as well",
    )


def run(args):
    """Read, print, write, draw."""
    if args.out is not None:
        check_writable(args.out)
    report = Report(args)
    paths = _pictures(args.data)
    plots = _plot_names(paths)
    _check_places(args, paths, report.files(*plots))
    reader = _load_reader(args)
    readings, skipped = _read_all(reader, paths, args.skip_bad)
    for reason in skipped:
        remark(f"left out: {reason}")
    read = [found for found in zip(paths, readings, plots, strict=True) if found[1] is not None]
    for path, reading, _ in read:
        if not reading.lines:
            remark(f"{NO_NUMBER} on {path}")
    remark_on_network(args)

    table = _table(read, args.reject)
    if args.out is not None:
        with written_whole(args.out) as file:
            # The bytes of a name that is no UTF-8 are written as they are.
            table.to_csv(file, index=False, lineterminator="\n", errors="surrogateescape")
        report.add(out=str(args.out))
    if args.plots is not None:
        _draw(report, read, args.reject)
    _tell(report, args, table)
    report.add(
        **network_keys(args),
        pictures=[_as_dict(path, reading, args.reject) for path, reading, _ in read],
        skipped=skipped,
    )
    report.end()


def _pictures(paths):
    """The pictures that the arguments name, those in folders as well."""
    from cnn_digits.data.contents import check_there
    from cnn_digits.data.picture_files import picture_paths

    check_there(paths)
    return picture_paths(paths)


def _plot_names(paths):
    """Names of the pictures to draw: no two alike, of two letters' cases either."""
    names, taken = [], set()
    for path in paths:
        stem, number = path.stem[:_NAME], 1
        name = f"{stem}-numbers.png"
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-numbers-{number}.png"
        taken.add(name.casefold())
        names.append(name)
    return names


def _check_places(args, paths, outputs):
    """Raise if what is written would replace what is read, or be read the next time."""
    if args.out is not None:
        outputs = [("--out", args.out), *outputs]
    inputs = paths if args.model is None else [*paths, args.model]
    check_outputs(outputs, inputs, [path for path in args.data if path.is_dir()])


def _load_reader(args):
    check_network(args, "NumberReader.save")
    if args.model is not None or not is_available():
        load_keras()
    from cnn_digits import NumberReader

    reader = NumberReader() if args.model is None else NumberReader.load(args.model)
    # What is not said stays as the reader in a file was saved.
    if args.lines is not None:
        reader.set_params(lines=int(args.lines) if args.lines.isdecimal() else args.lines)
    if args.separators:
        reader.set_params(separators=True)
    if args.rotate is not None:
        reader.set_params(rotate=args.rotate)
    return reader


def _read_all(reader, paths, skip_bad):
    """A reading of each picture, None of those that can't be read, and what is wrong with these."""
    readings, skipped = [], []
    steps = _steps(paths)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Those are told of by name.
        warnings.filterwarnings("ignore", message="No number was found")
        for step in with_progress(steps, list(map(len, steps))):
            readings += _read_step(reader, step, skipped if skip_bad else None)
    for warning in caught:  # only now, so that none is written into the bar
        warnings.showwarning(warning.message, warning.category, warning.filename, warning.lineno)
    if len(skipped) == len(paths):
        raise ValueError(f"None of {len(paths)} pictures can be read: {skipped[0]}")
    return readings, skipped


def _steps(paths):
    """Paths in lists of some that are read together, of photos fewer."""
    steps, n_bytes = [], 0
    for path in paths:
        size = path.stat().st_size
        n_bytes += size
        if not steps or len(steps[-1]) == _PER_STEP or n_bytes > _BYTES_PER_STEP:
            steps.append([])
            n_bytes = size
        steps[-1].append(path)
    return steps


def _read_step(reader, paths, skipped):
    """Readings of some pictures, None of those that are skipped; `skipped` is told why."""
    try:
        return reader.read(paths)
    except (OSError, ValueError) as error:
        if skipped is None:
            raise
        if len(paths) == 1:
            skipped.append(str(error))
            return [None]
    return [reading for path in paths for reading in _read_step(reader, [path], skipped)]


def _table(read, reject):
    """A row for each number, and one for each picture without any."""
    import pandas as pd

    rows, notes = [], []
    for path, reading, _ in read:
        turned = f"turned by {reading.turned}°" if reading.turned else ""
        for line, found in enumerate(reading.lines, start=1):
            for number in found.numbers:
                rows.append((str(path), line, number.text, number.confidence, *number.box))
                notes.append(turned)
        if not reading.lines:
            rows.append((str(path), *[None] * (len(_COLUMNS) - 1)))
            notes.append(NO_NUMBER)
    table = pd.DataFrame(rows, columns=_COLUMNS, dtype=object)
    if reject is not None:
        table["doubtful"] = [row[3] is None or row[3] < reject for row in rows]
    table["note"] = notes
    return table


def _as_dict(path, reading, reject):
    """A reading for machines."""
    found = {"file": str(path), **reading.to_dict()}
    if reject is not None:
        for line in found["lines"]:
            for number in line["numbers"]:
                number["doubtful"] = number["confidence"] < reject
    return found


def _tell(report, args, table):
    """Print the table for people, and what was written."""
    report.say(_printed(table))
    if args.reject is not None:
        report.say(
            f"{table['doubtful'].sum():,} of {len(table):,} doubtful: below {args.reject:g}, or "
            "without a number"
        )
    if args.out is not None:
        report.say(f"Wrote {table['number'].notna().sum():,} numbers to {args.out}")


def _printed(table):
    from cnn_digits.display.drawing import shown

    lines = [("file", "line", "number", "confidence", "")]
    for row in table.itertuples():
        if row.number is None:
            lines.append((shown(row.file), "", "none", "", row.note))
        else:
            mark = " ?" if getattr(row, "doubtful", False) else ""
            lines.append(
                (
                    shown(row.file),
                    str(row.line),
                    shown(row.number) + mark,
                    f"{row.confidence:.1%}",
                    row.note,
                )
            )
    return in_columns(lines)


def _draw(report, read, reject):
    from cnn_digits import NumbersDisplay

    for path, reading, plot in with_progress(read, [1] * len(read)):
        # Read again, one after the other, because photos are large.
        display = NumbersDisplay.from_predictions(
            [path], [reading], names=[path.name], reject=reject
        )
        report.draw(display, plot)
