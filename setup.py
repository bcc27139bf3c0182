"""Names the packages: pyproject.toml, where all else stands, has discovery or a mapping but not both."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["agecam", "agecam.*"]), "agecam.assets"],
    package_dir={"agecam.assets": "assets/models"},
)
