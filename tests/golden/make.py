"""Write the golden crops anew: python tests/golden/make.py

Only when the crop was changed on purpose and the weights were trained on the new one. Look at the pictures before
committing them: upright, brows to chin, in their natural colours.
"""

from pathlib import Path

import cv2
import numpy as np

from agecam.alignment import crop_faces, squares_of
from agecam.detector import FaceDetector
from agecam.sources.demo import portraits
from agecam.weights import load_model


def main() -> None:
    card, _ = load_model("compact")
    for name, picture in zip(("collins", "hopper"), portraits(), strict=True):
        squares = squares_of(FaceDetector(min_face_px=60, compiled=False).detect(picture))
        crop_rgb = np.asarray(crop_faces(picture, squares, card.crop)[0], np.uint8)
        cv2.imwrite(str(Path(__file__).with_name(f"{name}.png")), crop_rgb[..., ::-1])


if __name__ == "__main__":
    main()
