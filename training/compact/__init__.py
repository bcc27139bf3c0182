"""Training and export of the compact network, and export of networks to ONNX."""
