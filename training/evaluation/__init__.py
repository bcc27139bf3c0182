"""Evaluation with the program's own estimator, calibration, and the model card."""
