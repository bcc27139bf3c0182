"""Data sets: readers, face detection, cropping and augmentation."""
