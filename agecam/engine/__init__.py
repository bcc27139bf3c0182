"""Analyses frames with the detector, the tracker and the estimator, and schedules their work."""
