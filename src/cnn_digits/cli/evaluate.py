"""`cnn-digits evaluate`: how well a network reads images whose labels are known."""

from cnn_digits.cli.inputs import (
    add_input_arguments,
    add_network_argument,
    data_for,
    load_to_read,
    network_keys,
    network_name,
    probabilities,
    remark_on_network,
)
from cnn_digits.cli.places import check_places
from cnn_digits.cli.report import Report, add_report_arguments, confusion_matrix_display

_PICTURES = ("confusion-matrix.png", "misclassified.png")


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a network on images with labels",
        description="Predict images whose labels are known, and report precision and recall.",
    )
    add_input_arguments(parser, "test")
    add_network_argument(parser)
    add_report_arguments(parser, " and ".join(_PICTURES))
    return parser


def run(args):
    """Predict, compare, report."""
    report = Report(args)
    check_places(args, report.files(*_PICTURES), network=args.model)
    clf = load_to_read(args)
    dataset = data_for(clf, args, labelled=True)
    import numpy as np
    from sklearn.metrics import classification_report, confusion_matrix

    unknown = np.setdiff1d(dataset.target, clf.classes_)
    if unknown.size:
        raise ValueError(
            f"{args.data} has labels {unknown.tolist()}, which {network_name(args)} does not know: "
            f"{clf.classes_.tolist()}."
        )
    proba = probabilities(clf, dataset)
    remark_on_network(args)
    y_pred = clf.classes_[proba.argmax(axis=1)]
    n_right = int((y_pred == dataset.target).sum())
    if args.plots is not None:
        _draw_errors(report, clf, dataset, y_pred, proba)
    report.say(classification_report(dataset.target, y_pred, digits=4, zero_division=0))
    report.say(f"{n_right:,} of {len(y_pred):,} read right: {n_right / len(y_pred):.2%}")
    report.add(
        **network_keys(args),
        n_images=len(y_pred),
        accuracy=n_right / len(y_pred),
        report=classification_report(dataset.target, y_pred, output_dict=True, zero_division=0),
        classes=clf.classes_.tolist(),
        confusion_matrix=confusion_matrix(dataset.target, y_pred, labels=clf.classes_).tolist(),
        skipped=dataset.skipped,
    )
    report.end()


def _draw_errors(report, clf, dataset, y_pred, proba):
    from cnn_digits import MisclassifiedDisplay
    from cnn_digits.images import to_image_shape

    y, images = dataset.target, to_image_shape(dataset.data, clf.image_shape_)
    confusion, misclassified = _PICTURES
    report.draw(confusion_matrix_display(y, y_pred, clf.classes_), confusion)
    report.draw(MisclassifiedDisplay.from_predictions(images, y, y_pred, proba), misclassified)
