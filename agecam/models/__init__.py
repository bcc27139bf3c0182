"""Models: cards, files, network definitions, and the installation of further models."""
