import pickle

import keras


class TestScikeras:
    def test_keras_is_left_as_it_was(self, run_python):
        code = (
            "import keras\n"
            "classes = [keras.Model, keras.losses.Loss, keras.metrics.Metric,"
            " keras.optimizers.Optimizer]\n"
            "look = lambda: [(vars(c).get('__reduce__'), vars(c).get('__deepcopy__'),"
            " c.__reduce__) for c in classes]\n"
            "before = look()\n"
            "import cnn_digits.training.engine, sys\n"
            "print(look() == before and 'scikeras' in sys.modules)"
        )
        assert run_python(code) == "True"

    def test_who_imported_scikeras_before_keeps_it(self, run_python):
        code = (
            "import keras, scikeras\n"
            "before = keras.Model.__reduce__\n"
            "import cnn_digits.training.engine\n"
            "print(keras.Model.__reduce__ is before)"
        )
        assert run_python(code) == "True"

    def test_own_keras_models_pickle_without_scikeras(self):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        assert b"scikeras" not in pickle.dumps(model)
