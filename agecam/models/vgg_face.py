"""What VGG-Face is made of (Parkhi, Vedaldi and Zisserman 2015), known without any framework.

Thirteen convolutions of 3 x 3, then three fully connected layers, all of them convolutions: 4096, 4096 and 2622 people.
The published age and gender networks have their last one, of 101 ages or 2 genders, on the second (`fc7`); the thirteen
stayed as they were, so that one pass over them serves both.
"""

from agecam.types import AGE_CLASSES, GENDER_CLASSES

SIZE_PX = 224
PEOPLE = 2622
"""Classes of VGG-Face itself."""
TASKS = {"age": AGE_CLASSES, "gender": len(GENDER_CLASSES)}
"""The networks made of it, with their classes."""
TRUNK = tuple((block, layer) for block, count in enumerate((2, 2, 3, 3, 3), start=1) for layer in range(1, count + 1))
"""The thirteen convolutions, by block."""
WIDENINGS = (1, 2, 4, 8, 8)
"""Channels of each block, in those of the first."""
