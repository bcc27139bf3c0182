"""Adam without temporary copies of the weights."""

from typing import Any

import keras


class InPlaceAdam(keras.optimizers.Adam):
    """Keras's Adam with the same results; on TensorFlow a single operation updates weights and moments in place.

    Keras's own update makes several copies of each of them, and a dense layer of VGG-Face has 411 MB.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if keras.backend.backend() != "tensorflow" or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        place = self._get_variable_index(variable)
        done = tf.cast(self.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[place]),
            v=_handle(self._velocities[place]),
            beta1_power=tf.pow(tf.constant(self.beta_1, tf.float32), done),
            beta2_power=tf.pow(tf.constant(self.beta_2, tf.float32), done),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=tf.constant(self.beta_1, tf.float32),
            beta2=tf.constant(self.beta_2, tf.float32),
            epsilon=tf.constant(self.epsilon, tf.float32),
            grad=gradient,
        )


def _handle(variable: Any) -> Any:
    return getattr(variable, "value", variable).handle if isinstance(variable, keras.Variable) else variable.handle
