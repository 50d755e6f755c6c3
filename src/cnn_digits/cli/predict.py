"""`cnn-digits predict`: what is written on pictures, or a submission."""

import csv
import io
from pathlib import Path

from cnn_digits.cli.inputs import (
    KINDS_OF_DATA,
    add_input_arguments,
    add_network_argument,
    add_reject_argument,
    data_for,
    load_to_read,
    network_keys,
    probabilities,
    remark_on_network,
)
from cnn_digits.cli.places import check_places, named_path
from cnn_digits.cli.report import Report, add_report_arguments, in_columns
from cnn_digits.files import check_writable, written_whole

# What is said beside a label, or in place of one.
NO_INK, NAN, SEVERAL = "no ink was found", "the network says NaN", "several digits?"

# Pictures on a sheet, as many as can be looked at side by side.
_PER_SHEET = 30


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "predict",
        help="read pictures, or write a submission",
        description="Read the digits on pictures, or those of a table, and print what they are or "
        "write it to a file. Needs no training: a network comes with cnn-digits.",
    )
    add_input_arguments(parser, "test", kinds=f"pictures, or {KINDS_OF_DATA}", nargs="+")
    add_network_argument(parser)
    parser.add_argument(
        "--out",
        type=named_path,
        metavar="FILE",
        help="CSV file to write: what is printed of pictures, ImageId,Label as Kaggle wants it of "
        "anything else",
    )
    add_reject_argument(parser)
    add_report_arguments(
        parser,
        "readings.png (several of many pictures): each picture, what the network saw of it, what "
        "it read; of anything else predictions.png",
    )
    return parser


def run(args):
    """Read, predict, print, write, draw."""
    if args.out is not None:
        check_writable(args.out)
    report = Report(args)
    check_places(args, _outputs(args, report), network=args.model)
    clf = load_to_read(args)
    dataset = data_for(clf, args, labelled=False)
    import numpy as np

    notes = _notes(clf, dataset)
    no_ink = notes == NO_INK
    proba = probabilities(clf, dataset)
    remark_on_network(args)
    # Networks of earlier versions read empty frames, too.
    proba = np.where(no_ink[:, None], np.float32(1 / len(clf.classes_)), proba)
    y_pred = clf.classes_[proba.argmax(axis=1)]
    table = _readings(dataset, clf.classes_, proba, notes, args.reject)
    if args.out is not None:
        _write(args.out, table, dataset)
        report.add(out=str(args.out))
    if args.plots is not None and dataset.framed:
        _draw_pictures(report, dataset, y_pred, proba, args.reject)
    elif args.plots is not None:
        _draw_images(report, dataset.data, clf, y_pred, proba)
    if dataset.names is not None or args.out is None:
        report.say(_printed(table))
    if args.reject is not None:
        report.say(
            f"{sum(table['doubtful']):,} of {len(proba):,} doubtful: below {args.reject:g}"
            f"{', without ink, or of several digits' if dataset.framed else ''}"
        )
    if args.out is not None:
        report.say(f"Wrote {len(proba):,} predictions to {args.out}")
    report.add(
        **network_keys(args),
        names=dataset.names,
        labels=table["digit"],
        probabilities=table["probability"],
        second_labels=table["second"],
        second_probabilities=table["second_probability"],
        notes=table["note"],
        skipped=dataset.skipped,
    )
    if args.reject is not None:
        report.add(doubtful=table["doubtful"])
    report.end()


def _outputs(args, report):
    """Files that may be written: how many sheets there will be is not known yet."""
    sheets = [] if args.plots is None else [path.name for path in args.plots.glob("readings-*.png")]
    files = report.files("readings.png", "predictions.png", *sheets)
    return files if args.out is None else [("--out", args.out), *files]


def _notes(clf, dataset):
    """What is to be known of each image beside its label; "" where there is nothing."""
    import numpy as np

    if not dataset.framed:
        return np.full(len(dataset.data), "", dtype=object)
    notes = np.where(dataset.found.is_several, SEVERAL, "").astype(object)
    # To a network that was trained on blank ones they mean something.
    notes[dataset.found.is_empty & (not clf._knows_blank)] = NO_INK
    return notes


def _readings(dataset, classes, proba, notes, reject):
    """What was read on each image: columns by their names, lists.

    No label without ink, nothing without numbers.
    """
    import numpy as np

    order = np.argsort(-proba, axis=1, kind="stable")
    rows = np.arange(len(proba))
    is_number = np.isfinite(proba).all(axis=1)
    has_label = is_number & (notes != NO_INK)
    n = len(proba)

    def column(values, where):
        return [value if there else None for value, there in zip(values, where, strict=True)]

    table = {"file": [*range(1, n + 1)] if dataset.names is None else list(dataset.names)}
    for prefix, rank in (("", 0), ("second", 1)):
        there = rank < len(classes)
        chosen = order[:, rank if there else 0]
        digit, probability = (
            ("second", "second_probability") if prefix else ("digit", "probability")
        )
        table[digit] = column(classes[chosen].tolist(), has_label & there)
        table[probability] = column(proba[rows, chosen].astype(float).tolist(), is_number & there)
    notes = np.where(is_number, notes, NAN)
    if reject is not None:
        table["doubtful"] = ((notes != "") | (proba.max(axis=1) < reject)).tolist()
    table["note"] = notes.tolist()
    return table


def _printed(table):
    """The table for people to read."""
    from cnn_digits.display.drawing import shown

    lines = [("file", "digit", "probability", "second choice", "")]
    for cells in zip(*table.values(), strict=True):
        row = dict(zip(table, cells, strict=True))
        if row["digit"] is None:
            lines.append((shown(row["file"]), "none", "", row["note"], ""))
            continue
        lines.append(
            (
                shown(row["file"]),
                shown(row["digit"]) + (" ?" if row.get("doubtful") else ""),
                f"{row['probability']:.1%}",
                ""
                if row["second"] is None
                else f"{shown(row['second'])} ({row['second_probability']:.1%})",
                row["note"],
            )
        )
    return in_columns(lines)


def _write(path, table, dataset):
    from cnn_digits.data import write_submission

    if dataset.names is None:
        write_submission(path, table["digit"], n_images=len(dataset.data))
        return
    # The bytes of a name that is no UTF-8 are written as they are.
    how = {"encoding": "utf-8", "errors": "surrogateescape", "newline": "", "write_through": True}
    with written_whole(path) as file:
        text = io.TextIOWrapper(file, **how)
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(table)
        rows.writerows(zip(*table.values(), strict=True))
        text.detach()  # the file is not closed yet


def _draw_images(report, X, clf, y_pred, proba):
    from cnn_digits import DigitGridDisplay
    from cnn_digits.images import to_image_shape

    images = to_image_shape(X, clf.image_shape_)
    display = DigitGridDisplay.from_predictions(images, None, y_pred, proba)
    report.draw(display, "predictions.png")


def _draw_pictures(report, dataset, y_pred, proba, reject):
    from cnn_digits import FramedDigitsDisplay, read_images

    n_sheets = -(-len(y_pred) // _PER_SHEET)
    for sheet in range(n_sheets):
        rows = slice(sheet * _PER_SHEET, (sheet + 1) * _PER_SHEET)
        names = dataset.names[rows]
        display = FramedDigitsDisplay.from_predictions(
            # Read again, one after the other, because photos are large.
            (read_images(name)[0][0] for name in names),
            dataset.data[rows],
            y_pred[rows],
            proba[rows],
            names=[Path(name).name for name in names],
            reject=reject,
        )
        number = f"-{sheet + 1:0{len(str(n_sheets))}}" if n_sheets > 1 else ""
        report.draw(display, f"readings{number}.png")
