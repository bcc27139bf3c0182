"""Structure of VGG-Face (Parkhi, Vedaldi and Zisserman 2015), independent of any framework.

Thirteen 3 x 3 convolutions, then three fully connected layers, implemented as convolutions: 4096, 4096 and 2622
people. In the published age and gender networks, a layer of 101 ages or 2 genders follows the second (`fc7`) instead.
The thirteen convolutions were frozen, so one pass over them serves both.
"""

from agecam.types import AGE_CLASSES, GENDER_CLASSES

SIZE_PX = 224
PEOPLE = 2622
"""Number of classes of VGG-Face itself."""
TASKS = {"age": AGE_CLASSES, "gender": len(GENDER_CLASSES)}
"""Tasks of the networks trained from it, with their number of classes."""
BACKBONE = tuple(
    (block, layer) for block, count in enumerate((2, 2, 3, 3, 3), start=1) for layer in range(1, count + 1)
)
"""The thirteen convolutions, as (block, layer)."""
CHANNEL_MULTIPLES = (1, 2, 4, 8, 8)
"""Channels of each block, as multiples of the first block's."""
