"""Everything that makes and judges the weights. Imports from `agecam`; never the other way round."""

from agecam.bootstrap import prepare_environment

prepare_environment()
