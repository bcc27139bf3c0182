"""Rewrite the golden crops: PYTHONPATH=tests python tests/golden/make.py

Only after an intended change of the crop, with weights trained on the new crop. Check the pictures before committing
them: upright, from brows to chin, in natural colours.
"""

from pathlib import Path

import cv2
import numpy as np
from models import GOLDEN_SQUARES

from agecam.models.card import load_card
from agecam.models.store import find_model
from agecam.sources.demo import portraits
from agecam.vision.crop import crop_faces


def main() -> None:
    card = load_card(find_model("compact"))
    for name, picture in zip(("collins", "hopper"), portraits(), strict=True):
        square = np.array([GOLDEN_SQUARES[name]], np.float32)
        crop_rgb = np.asarray(crop_faces(picture, square, card.crop)[0], np.uint8)
        cv2.imwrite(str(Path(__file__).with_name(f"{name}.png")), crop_rgb[..., ::-1])


if __name__ == "__main__":
    main()
