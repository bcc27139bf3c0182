"""Write the pictures that the bundle needs as files: the program's icon, and the demo's portraits with their notice.

python .ci/bundle/pictures.py FOLDER
"""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ICON_PX = 512
ICO_PX = (16, 24, 32, 48, 64, 256)
NOTICE = """\
astronaut.png: Eileen Collins, photographed by NASA in 1999; in the public domain. From scikit-image {skimage}.
grace_hopper.jpg: Grace Hopper, photographed by the US Navy in 1984; in the public domain. From Matplotlib {matplotlib}.
"""


def main(folder: Path) -> None:
    """Write `agecam.png`, `agecam.ico` and `portraits/`."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from importlib.metadata import version

    from PIL import Image
    from PySide6.QtGui import QGuiApplication, QIcon

    from agecam.runtime.desktop_entry import ICON
    from agecam.runtime.package_files import package_file
    from agecam.sources.demo import PORTRAIT_FILES

    application = QGuiApplication([])
    QIcon(str(ICON)).pixmap(ICON_PX, ICON_PX).save(str(folder / "agecam.png"))
    del application
    Image.open(folder / "agecam.png").save(folder / "agecam.ico", sizes=[(px, px) for px in ICO_PX])
    portraits = folder / "portraits"
    portraits.mkdir()
    for place in PORTRAIT_FILES:
        shutil.copy(package_file(*place), portraits)
    notice = NOTICE.format(skimage=version("scikit-image"), matplotlib=version("matplotlib"))
    (portraits / "NOTICE.txt").write_text(notice, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
