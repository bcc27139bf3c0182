"""Lists the packages, since pyproject.toml cannot combine package discovery with a mapping."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["agecam", "agecam.*"]), "agecam.assets"],
    package_dir={"agecam.assets": "assets/models"},
)
