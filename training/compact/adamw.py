"""The optimizer of the compact network and its learning rate."""

import argparse

import keras


def rate_schedule(options: argparse.Namespace, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """A warm-up, then cosine decay to 0.2 % of the full rate."""
    warm_up = max(1, round(options.epochs * 0.05))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=options.rate / 20,
        warmup_target=options.rate,
        warmup_steps=steps * warm_up,
        decay_steps=steps * max(1, options.epochs - warm_up),
        alpha=0.002,
    )


def adamw(options: argparse.Namespace, steps: int) -> keras.optimizers.Optimizer:
    """AdamW with an exponential moving average (EMA) of the weights; the average is what is saved."""
    optimizer = keras.optimizers.AdamW(
        rate_schedule(options, steps),
        weight_decay=options.decay,
        use_ema=True,
        ema_momentum=options.ema,
        ema_overwrite_frequency=None,
        clipnorm=5.0,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
