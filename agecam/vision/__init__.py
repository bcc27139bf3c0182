"""Face detection with MTCNN, face cropping, age and gender estimation, and decoding of network outputs."""
