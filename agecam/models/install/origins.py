"""Where weights of VGG-16 for age and gender come from, and how their authors prepared the faces.

`RECIPE` is the published re-training with Keras, on the pictures of the IMDB-WIKI archives.

`STUDY` is DEX, the study for which those archives were made: R. Rothe, R. Timofte and L. Van Gool, "DEX: Deep
EXpectation of apparent age from a single image", ICCV workshops 2015, and "Deep expectation of real and apparent age
from a single image without facial landmarks", IJCV 126 (2018). Its networks are published for Caffe, at
https://data.vision.ee.ethz.ch/cvl/rrothe/imdb-wiki. They need faces prepared like this:

- The detector's box with 40 % of its width added left and right and 40 % of its height above and below, no landmarks,
  the last pixel of the picture repeated beyond its border, and squeezed to a square: section 'Face detection' of the
  first paper. There the square has 256 px; the published descriptions of the networks take 224 px, to which their users
  resize.
- BGR, less the mean of ImageNet: the networks start from VGG-16 (Simonyan and Zisserman 2015), whose page in Caffe's
  Model Zoo gives the means 103.939, 116.779 and 123.68 (blue, green, red). Users of DEX take 104, 117 and 123, as
  Caffe's own models do (bvlc_googlenet/train_val.prototxt). The difference is less than a grey level.
- The classes are the ages 0 to 100, and 0 for female and 1 for male, as in the metadata of IMDB-WIKI on the same page.
  Programs that use the networks agree about the genders (github.com/siriusdemon/pytorch-DEX, dex/api.py).

The study's networks see each face once; the mirror image is not averaged.
"""

from dataclasses import dataclass

from agecam.types import CropSpec


@dataclass(frozen=True, slots=True)
class Origin:
    """The authors' way to prepare faces, and the names and terms of their weights."""

    name: str
    """Of the model, if the user does not choose another."""
    margin: float
    """Around the detector's box on every side, as a share of the box."""
    is_study: bool
    """Whether the box is squeezed, the border replicated and the face seen once, as in DEX."""
    mean_rgb: tuple[float, float, float] | None
    """Subtracted from pixels from 0 to 255; without it, they are scaled to 0 to 1."""
    licence: str

    def crop(self, size_px: int, margin: float | None = None) -> CropSpec:
        """The crop of the faces; None for the authors' margin."""
        margin = self.margin if margin is None else margin
        if not self.is_study:
            return CropSpec(size_px, margin, alignment="box")
        return CropSpec(size_px, margin, alignment="box", squeezed=True, border="replicated", once=True)


RECIPE = Origin(
    "vgg-face",
    0.4,
    False,
    None,
    "VGG-Face and weights trained on IMDB-WIKI are for research, not for commercial use (CC BY-NC 4.0; the pictures "
    "belong to their owners). The program's code is MIT.",
)
STUDY = Origin(
    "dex",
    0.4,
    True,
    (123.0, 117.0, 104.0),
    "The networks of the DEX study and IMDB-WIKI, on which they were trained, are for academic research only, not for "
    "commercial use (the pictures belong to their owners). The program's code is MIT.",
)
