"""scikit-learn's own checks, and its tools around the classifier."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    RocCurveDisplay,
    classification_report,
    confusion_matrix,
)
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import check_estimator

from cnn_digits import Augment, CNNDigitClassifier, Normalize, Reshape


class Small(CNNDigitClassifier):
    """A user's own, which takes some of the parameters only."""

    def __init__(self, epochs=2, random_state=None):
        super().__init__("lenet5", epochs=epochs, random_state=random_state)


def quick(**params):
    return CNNDigitClassifier(**{"epochs": 5, "batch_size": 16, "random_state": 0, **params})


def pipeline(**params):
    return Pipeline(
        [
            ("normalize", Normalize()),
            ("reshape", Reshape()),
            ("augment", Augment(rotation=5, zoom=0.05, shift=0)),
            ("cnn", quick(**params)),
        ]
    )


@pytest.fixture(scope="module")
def some(digits):
    """Images and labels to train and to test on, 400 each."""
    X_train, X_test, y_train, y_test = digits
    return X_train[:400], X_test[:400], y_train[:400], y_test[:400]


@pytest.mark.slow
def test_scikit_learn_checks():
    # Repeating a row and doubling its weight are not the same to shuffled mini-batches,
    # as scikit-learn declares for its own SGDClassifier.
    reason = "sample_weight is not equivalent to repetition in mini-batch training"
    expected = {
        "check_sample_weight_equivalence_on_dense_data": reason,
        "check_sample_weight_equivalence": reason,  # its name up to scikit-learn 1.6
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(CNNDigitClassifier(), expected_failed_checks=expected)
    assert len(results) > 40


def test_no_tag_lowers_the_demands():
    tags = CNNDigitClassifier().__sklearn_tags__()
    assert not tags.classifier_tags.poor_score
    assert not tags.no_validation
    assert not tags.non_deterministic


def test_pipeline(some):
    X_train, X_test, y_train, y_test = some
    pipe = pipeline(epochs=30).fit(X_train, y_train)
    assert pipe.score(X_test, y_test) > 0.9
    report = classification_report(y_test, pipe.predict(X_test), output_dict=True)
    assert report["accuracy"] == pipe.score(X_test, y_test)


@pytest.mark.filterwarnings("error:Pixels")
def test_validation_images_through_a_pipeline(some):
    X_train, X_test, y_train, y_test = some
    with sklearn.config_context(enable_metadata_routing=True):
        cnn = quick().set_fit_request(X_val=True, y_val=True)
        pipe = Pipeline(
            [("normalize", Normalize()), ("reshape", Reshape()), ("cnn", cnn)],
            transform_input=["X_val"],
        )
        pipe.fit(X_train, y_train, X_val=X_test, y_val=y_test)
        search = GridSearchCV(pipe, {"cnn__dropout": [0.1]}, cv=2, error_score="raise")
        search.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    for fitted in (pipe, search.best_estimator_):
        measured = fitted[-1].history_["val_accuracy"][-1]
        assert measured == pytest.approx(fitted.score(X_test, y_test))


def test_grid_search(some):
    X_train, X_test, y_train, y_test = some
    grid = {"cnn__architecture": ["compact", "lenet5"], "augment__rotation": [0, 10]}
    search = GridSearchCV(pipeline(), grid, cv=2, n_jobs=2, error_score="raise")
    search.fit(X_train, y_train)
    assert len(search.cv_results_["params"]) == 4
    assert search.score(X_test, y_test) > 0.5


def test_grid_search_over_augmented_images(some):
    X_train, X_test, y_train, y_test = some
    search = GridSearchCV(quick(), {"dropout": [0, 0.2]}, cv=2, error_score="raise")
    pipe = Pipeline([("augment", Augment(rotation=5)), ("search", search)])
    assert pipe.fit(X_train, y_train).score(X_test, y_test) > 0.7


def test_parameters_of_augment_can_be_searched(some):
    search = GridSearchCV(
        quick(augment=Augment()), {"augment__rotation": [0, 5]}, cv=2, error_score="raise"
    )
    search.fit(some[0], some[2])
    assert search.best_estimator_.augment.rotation in (0, 5)


def test_randomized_search(some):
    search = RandomizedSearchCV(
        quick(), {"learning_rate": [0.003, 0.01, 0.03]}, n_iter=2, cv=2, error_score="raise"
    )
    assert search.fit(some[0], some[2]).best_score_ > 0.5


def test_halving_grid_search(some):
    search = HalvingGridSearchCV(
        quick(), {"dropout": [0, 0.1, 0.2]}, cv=2, min_resources=100, random_state=0,
        error_score="raise",
    )  # fmt: skip
    assert search.fit(some[0], some[2]).best_estimator_.score(some[1], some[3]) > 0.7


def test_cross_validate(some):
    scores = cross_validate(
        pipeline(),
        some[0],
        some[2],
        cv=2,
        scoring=["accuracy", "neg_log_loss"],
        error_score="raise",
    )
    assert np.isfinite(scores["test_neg_log_loss"]).all()


def test_cross_val_predict(some):
    proba = cross_val_predict(quick(), some[0], some[2], cv=2, method="predict_proba")
    assert (proba.argmax(axis=1) == some[2]).mean() > 0.7


def test_learning_curve(some):
    sizes, _, scores = learning_curve(
        quick(), some[0], some[2], train_sizes=[0.2, 1.0], cv=2, shuffle=True, error_score="raise"
    )
    assert scores.mean(axis=1)[1] > scores.mean(axis=1)[0]
    assert list(sizes) == [40, 200]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_soft_vote(some, n_jobs):
    networks = [(str(seed), quick(random_state=seed)) for seed in (0, 1)]
    vote = VotingClassifier(networks, voting="soft", n_jobs=n_jobs).fit(some[0], some[2])
    assert vote.score(some[1], some[3]) > 0.8
    mean = np.mean([network.predict_proba(some[1]) for network in vote.estimators_], axis=0)
    np.testing.assert_allclose(vote.predict_proba(some[1]), mean, atol=1e-6)


def test_stacking(some):
    stack = StackingClassifier(
        [("cnn", quick()), ("forest", RandomForestClassifier(random_state=0))],
        LogisticRegression(max_iter=1000),
        cv=2,
    )
    pipe = Pipeline([("augment", Augment(rotation=5, random_state=0)), ("stack", stack)])
    assert pipe.fit(some[0], some[2]).score(some[1], some[3]) > 0.8


def test_bagging(some):
    bag = BaggingClassifier(quick(), n_estimators=2, random_state=0).fit(some[0], some[2])
    assert bag.score(some[1], some[3]) > 0.7


def test_boosting(some):
    boost = AdaBoostClassifier(quick(), n_estimators=2, random_state=0).fit(some[0], some[2])
    assert boost.score(some[1], some[3]) > 0.7


def test_calibration(some):
    calibrated = CalibratedClassifierCV(quick(), cv=2).fit(some[0], some[2])
    assert calibrated.score(some[1], some[3]) > 0.7


def test_one_versus_rest(some):
    y = some[2] % 3
    ovr = OneVsRestClassifier(quick()).fit(some[0], y)
    assert ovr.score(some[1], some[3] % 3) > 0.7


def test_permutation_importance(fitted, some):
    importance = permutation_importance(fitted, some[1], some[3], n_repeats=1, random_state=0)
    means = importance.importances_mean
    assert means.shape == (64,)
    assert means[0] == 0  # the corner is always blank
    assert means.max() > 0


def test_confusion_matrix(fitted, some):
    display = ConfusionMatrixDisplay.from_estimator(fitted, some[1], some[3])
    np.testing.assert_array_equal(
        display.confusion_matrix, confusion_matrix(some[3], fitted.predict(some[1]))
    )
    plt.close("all")


def test_roc_curve(some):
    X_train, X_test, y_train, y_test = some
    clf = quick().fit(X_train, y_train == 8)
    display = RocCurveDisplay.from_estimator(clf, X_test, y_test == 8)
    assert display.roc_auc > 0.9
    plt.close("all")


@pytest.mark.slow
def test_subclass_with_fewer_parameters(some, tmp_path):
    X_train, X_test, y_train, _ = some
    clf = clone(Small(random_state=0)).fit(X_train, y_train)
    same = CNNDigitClassifier("lenet5", epochs=2, random_state=0).fit(X_train, y_train)
    np.testing.assert_array_equal(clf.predict_proba(X_test), same.predict_proba(X_test))
    clf.save(tmp_path / "small.cnn")
    loaded = Small.load(tmp_path / "small.cnn")
    assert type(loaded) is Small
    assert loaded.get_params() == {"epochs": 2, "random_state": 0}
    np.testing.assert_array_equal(loaded.predict_proba(X_test), clf.predict_proba(X_test))


def test_cross_validation_on_digits(digits):
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_validate(CNNDigitClassifier(random_state=0), X, y, cv=cv)["test_score"]
    assert scores.mean() > 0.985
