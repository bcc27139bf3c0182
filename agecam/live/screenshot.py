"""Screenshots: the annotated picture and, optionally, a clean picture and the results as JSON."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from agecam.live.view import View
from agecam.outputs import StillWriter
from agecam.overlay import OverlayStyle, Placer, annotate, blur_everything, blur_faces
from agecam.overlay.labels import rect_of
from agecam.overlay.mirror import mirrored
from agecam.overlay.sprites import crop
from agecam.runtime.files import PartFile
from agecam.types import Face, FrameResult, Image, LargeImage, whole

KEYWORD = "AgeCam results"
"""Keyword of the PNG text chunk with the results, in the format of a results line."""

_MARGIN = 0.35
"""Around the box of a face that is copied, relative to its sides."""


@dataclass(frozen=True, slots=True)
class SavingOptions:
    """Contents of a screenshot."""

    mirror: bool = False
    clean: bool = False
    """Also save the picture without labels."""
    blur: bool = False
    json: bool = False
    """Also save the results as a JSON file."""


def uncovered(view: View, blur_everyone: bool) -> Image | LargeImage:
    """What may be seen of a frame: faces are blurred as asked for, nothing is drawn yet.

    If someone is to be blurred and not all faces were looked for in this frame, everything is blurred.
    """
    if not blur_everyone and view.blurred is None:
        return view.frame.image
    image = view.frame.image_bgr
    if not view.complete:
        return blur_everything(image)
    faces = (*view.faces, *view.hidden)
    return blur_faces(image, faces, range(len(faces)) if blur_everyone else view.blurred or ())


def composed(view: View, style: OverlayStyle, mirror: bool, placer: Placer | None = None) -> Image:
    """The annotated picture of a view, `(H, W, 3) uint8` BGR in the frame's size; labels are never mirrored.

    What is to be blurred is blurred as in `uncovered`. `placer` remembers the places of labels from frame to frame.
    """
    image, faces = whole(uncovered(view, style.blur_faces)), view.faces
    if mirror:
        image, faces = mirrored(image, faces)
    return annotate(image, faces, replace(style, blur_faces=False), placer=placer)


def portrait(view: View, face: Face, blur_everyone: bool) -> Image:
    """One face with some margin, cut from its frame, `(h, w, 3) uint8` BGR; blurred if the person is."""
    left, top, right, bottom = rect_of(face)
    margin_x, margin_y = round(_MARGIN * (right - left)), round(_MARGIN * (bottom - top))
    rect = (left - margin_x, top - margin_y, right + margin_x, bottom + margin_y)
    return crop(whole(uncovered(view, blur_everyone)), rect).copy()


def result_of(view: View) -> FrameResult:
    """The results for the frame in view, with its faces as shown."""
    width, height = view.frame.size
    return FrameResult(view.frame.source, view.frame.index, view.frame.time_s, width, height, view.faces)


def stamped_name() -> str:
    """A file name with date and time, without suffix."""
    return f"AgeCam_{datetime.now():%Y-%m-%d_%H-%M-%S}"


def save_screenshot(folder: Path, view: View, style: OverlayStyle, options: SavingOptions) -> list[Path]:
    """Write the files of one screenshot and return their paths, annotated picture first. Overwrites nothing.

    Raises OutputError.
    """
    style = replace(style, blur_faces=style.blur_faces or options.blur)
    line = json.dumps(result_of(view).as_dict(), ensure_ascii=True)
    stills = StillWriter(folder, ".png")
    written = [stills.write(composed(view, style, options.mirror), stamped_name(), {KEYWORD: line})]
    stem = written[0].stem
    if options.clean:
        clean_style = OverlayStyle(
            show_box=False,
            show_age=False,
            show_interval=False,
            show_gender=False,
            show_track=False,
            blur_faces=style.blur_faces,
        )
        written.append(stills.write(composed(view, clean_style, options.mirror), f"{stem}_clean"))
    if options.json:
        part = PartFile(folder / f"{stem}.json", keep_existing=True)
        try:
            part.write((line + "\n").encode())
            written.append(part.commit())
        finally:
            part.discard()
    return written
