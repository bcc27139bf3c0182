"""From pixels to faces: MTCNN, the one crop, the estimator, and how its outputs become years and words."""
