"""All wording of the window, in one place: `Text.QUIT()` is what a person reads, in their language.

Only the sentences of errors stand where they arise; `told` says them in that language, too. After a change of either,
`python -m tests.translations` brings the translations up to date.
"""

from enum import Enum

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from agecam.errors import AgeCamError


class Text(Enum):
    """Texts by their use. Called, they are translated and filled in: `Text.SAVED(name="a.png")`."""

    # menus: an ampersand stands before the letter that opens it with Alt
    MENU_SOURCE = QT_TRANSLATE_NOOP("AgeCam", "&Source")
    MENU_PLAY = QT_TRANSLATE_NOOP("AgeCam", "&Play")
    MENU_SAVE = QT_TRANSLATE_NOOP("AgeCam", "S&ave")
    MENU_VIEW = QT_TRANSLATE_NOOP("AgeCam", "&View")
    MENU_HELP = QT_TRANSLATE_NOOP("AgeCam", "&Help")
    CAMERAS = QT_TRANSLATE_NOOP("AgeCam", "&Camera")
    NO_CAMERA = QT_TRANSLATE_NOOP("AgeCam", "No camera is connected")
    CAMERA_SIZE = QT_TRANSLATE_NOOP("AgeCam", "Camera resol&ution")
    CAMERA_SIZE_OWN = QT_TRANSLATE_NOOP("AgeCam", "As the camera has it")
    OPEN_FILE = QT_TRANSLATE_NOOP("AgeCam", "&Open video or picture...")
    OPEN_FOLDER = QT_TRANSLATE_NOOP("AgeCam", "Open &folder of pictures...")
    OPEN_ADDRESS = QT_TRANSLATE_NOOP("AgeCam", "Open &stream address...")
    OPEN_DEMO = QT_TRANSLATE_NOOP("AgeCam", "&Demo")
    RECENT = QT_TRANSLATE_NOOP("AgeCam", "&Recent")
    CLEAR_RECENT = QT_TRANSLATE_NOOP("AgeCam", "Clear list")
    CLOSE_SOURCE = QT_TRANSLATE_NOOP("AgeCam", "C&lose source")
    QUIT = QT_TRANSLATE_NOOP("AgeCam", "&Quit")
    PLAY = QT_TRANSLATE_NOOP("AgeCam", "&Play")
    PAUSE = QT_TRANSLATE_NOOP("AgeCam", "&Pause")
    STEP = QT_TRANSLATE_NOOP("AgeCam", "&Next frame")
    LOOP = QT_TRANSLATE_NOOP("AgeCam", "&Repeat")
    SPEED = QT_TRANSLATE_NOOP("AgeCam", "&Speed")
    BACK = QT_TRANSLATE_NOOP("AgeCam", "&Back 5 seconds")
    FORWARD = QT_TRANSLATE_NOOP("AgeCam", "&Forward 5 seconds")
    SCREENSHOT = QT_TRANSLATE_NOOP("AgeCam", "&Screenshot")
    COPY = QT_TRANSLATE_NOOP("AgeCam", "&Copy picture")
    RECORD = QT_TRANSLATE_NOOP("AgeCam", "&Record video")
    EXPORT_CSV = QT_TRANSLATE_NOOP("AgeCam", "&Export results as CSV...")
    OPEN_SAVED = QT_TRANSLATE_NOOP("AgeCam", "Open &folder of saved files")
    SHOW_BOX = QT_TRANSLATE_NOOP("AgeCam", "&Boxes")
    SHOW_AGE = QT_TRANSLATE_NOOP("AgeCam", "Apparent &age")
    SHOW_INTERVAL = QT_TRANSLATE_NOOP("AgeCam", "Age &interval")
    SHOW_GENDER = QT_TRANSLATE_NOOP("AgeCam", "&Gender")
    SHOW_PROBABILITY = QT_TRANSLATE_NOOP("AgeCam", "Gen&der probability")
    SHOW_TRACK = QT_TRANSLATE_NOOP("AgeCam", "Person &number")
    BLUR_FACES = QT_TRANSLATE_NOOP("AgeCam", "B&lur faces")
    MIRROR = QT_TRANSLATE_NOOP("AgeCam", "&Mirror cameras")
    SHOW_PANEL = QT_TRANSLATE_NOOP("AgeCam", "&People in view")
    SHOW_HUD = QT_TRANSLATE_NOOP("AgeCam", "Fig&ures of speed")
    FULL_SCREEN = QT_TRANSLATE_NOOP("AgeCam", "&Full screen")
    SETTINGS = QT_TRANSLATE_NOOP("AgeCam", "S&ettings...")
    SHORTCUTS = QT_TRANSLATE_NOOP("AgeCam", "&Keyboard shortcuts")
    OPEN_LOG = QT_TRANSLATE_NOOP("AgeCam", "Open &log file")
    ABOUT = QT_TRANSLATE_NOOP("AgeCam", "&About AgeCam")

    # over the video
    CLOSED = QT_TRANSLATE_NOOP("AgeCam", "Nothing is open")
    CLOSED_HINT = QT_TRANSLATE_NOOP("AgeCam", "Choose a camera, or drop a video or picture here.")
    OPENING = QT_TRANSLATE_NOOP("AgeCam", "Opening {name} ...")
    LOADING = QT_TRANSLATE_NOOP("AgeCam", "Loading the networks ...")
    LOST = QT_TRANSLATE_NOOP("AgeCam", "Waiting for {name}")
    FAILED = QT_TRANSLATE_NOOP("AgeCam", "{name} cannot be shown")
    NO_LABELS = QT_TRANSLATE_NOOP("AgeCam", "Faces are not judged")
    TRIES_AGAIN = QT_TRANSLATE_NOOP("AgeCam", "AgeCam tries again by itself.")
    TRY_AGAIN = QT_TRANSLATE_NOOP("AgeCam", "Try now")
    COPY_DETAILS = QT_TRANSLATE_NOOP("AgeCam", "Copy details")
    DETAILS_COPIED = QT_TRANSLATE_NOOP("AgeCam", "The details are on the clipboard.")
    WATCH_DEMO = QT_TRANSLATE_NOOP("AgeCam", "Watch the demo")
    CAMERA_DENIED = QT_TRANSLATE_NOOP(
        "AgeCam",
        "AgeCam may not use the camera: allow it in the system's privacy settings, then start AgeCam again.",
    )

    # toasts
    IS_DEMO = QT_TRANSLATE_NOOP("AgeCam", "No camera is connected, so this is the demo.")
    CAMERA_CAME = QT_TRANSLATE_NOOP("AgeCam", "{name} is connected.")
    USE_CAMERA = QT_TRANSLATE_NOOP("AgeCam", "Use it")
    SAVED = QT_TRANSLATE_NOOP("AgeCam", "Saved {name}")
    COPIED = QT_TRANSLATE_NOOP("AgeCam", "The picture is on the clipboard.")
    OPEN = QT_TRANSLATE_NOOP("AgeCam", "Open folder")
    NOTHING_TO_SAVE = QT_TRANSLATE_NOOP("AgeCam", "There is no picture to save yet.")
    NOTHING_TO_EXPORT = QT_TRANSLATE_NOOP("AgeCam", "No face has been judged yet: there is nothing to export.")
    RECORDING_ENDED = QT_TRANSLATE_NOOP("AgeCam", "Saved the recording {name}")
    CAMERA_SIZE_GIVEN = QT_TRANSLATE_NOOP("AgeCam", "The camera gives {width} x {height}, the nearest it offers.")

    # the panel
    PEOPLE = QT_TRANSLATE_NOOP("AgeCam", "People in view")
    NOBODY = QT_TRANSLATE_NOOP("AgeCam", "Nobody is in view.")
    APPARENT_AGE = QT_TRANSLATE_NOOP("AgeCam", "apparent age")
    SECONDS_IN_VIEW = QT_TRANSLATE_NOOP("AgeCam", "{seconds} s in view")
    FEMALE = QT_TRANSLATE_NOOP("AgeCam", "female")
    MALE = QT_TRANSLATE_NOOP("AgeCam", "male")
    UNSURE = QT_TRANSLATE_NOOP("AgeCam", "unsure")
    PERSON_TOLD = QT_TRANSLATE_NOOP("AgeCam", "Person {number}: apparent age {age}, between {low} and {high}, {gender}")
    DISTRIBUTION = QT_TRANSLATE_NOOP("AgeCam", "Probability of each age")
    AGE_AXIS = QT_TRANSLATE_NOOP("AgeCam", "age in years")
    EXPECTATION = QT_TRANSLATE_NOOP("AgeCam", "apparent age {age}")
    LIKELIEST = QT_TRANSLATE_NOOP("AgeCam", "likeliest {age}")
    CHOOSE_PERSON = QT_TRANSLATE_NOOP("AgeCam", "Click a person to see the probability of every age.")

    # the HUD
    HUD_SHOWN = QT_TRANSLATE_NOOP("AgeCam", "shown {fps} / s")
    HUD_ANALYSED = QT_TRANSLATE_NOOP("AgeCam", "analysed {fps} / s")
    HUD_DELAY = QT_TRANSLATE_NOOP("AgeCam", "delay {p50} ms, 95 % under {p95} ms")
    HUD_DROPPED = QT_TRANSLATE_NOOP("AgeCam", "dropped {count}")
    HUD_STAGE = QT_TRANSLATE_NOOP("AgeCam", "{name} {ms} ms")
    HUD_STEP = QT_TRANSLATE_NOOP("AgeCam", "step {ms} of {budget} ms")
    HUD_PLAN = QT_TRANSLATE_NOOP("AgeCam", "detector 1 frame in {every}, from {px} px")
    HUD_JUDGED = QT_TRANSLATE_NOOP("AgeCam", "judged {judged} of {people}")
    HUD_FACES = QT_TRANSLATE_NOOP("AgeCam", "faces {count}")

    # dialogs
    MEDIA_FILES = QT_TRANSLATE_NOOP("AgeCam", "Videos and pictures")
    ALL_FILES = QT_TRANSLATE_NOOP("AgeCam", "All files")
    CSV_FILES = QT_TRANSLATE_NOOP("AgeCam", "CSV tables")
    ADDRESS = QT_TRANSLATE_NOOP("AgeCam", "Address of the stream (rtsp://, http://, ...)")
    CHOOSE_FOLDER = QT_TRANSLATE_NOOP("AgeCam", "Choose...")
    SETTINGS_TITLE = QT_TRANSLATE_NOOP("AgeCam", "Settings")
    SET_NETWORKS = QT_TRANSLATE_NOOP("AgeCam", "Networks")
    SET_MODEL = QT_TRANSLATE_NOOP("AgeCam", "Model")
    SET_DEVICE = QT_TRANSLATE_NOOP("AgeCam", "Compute on")
    DEVICE_AUTO = QT_TRANSLATE_NOOP("AgeCam", "graphics card if there is one")
    DEVICE_CPU = QT_TRANSLATE_NOOP("AgeCam", "processor")
    DEVICE_GPU = QT_TRANSLATE_NOOP("AgeCam", "graphics card")
    SET_MIN_FACE = QT_TRANSLATE_NOOP("AgeCam", "Smallest face")
    SET_SAVING = QT_TRANSLATE_NOOP("AgeCam", "Saving")
    SET_FOLDER = QT_TRANSLATE_NOOP("AgeCam", "Folder")
    SAVE_MIRRORED = QT_TRANSLATE_NOOP("AgeCam", "Save pictures as mirrored as the preview")
    SAVE_CLEAN = QT_TRANSLATE_NOOP("AgeCam", "With each screenshot, also the picture without labels")
    SAVE_BLURRED = QT_TRANSLATE_NOOP("AgeCam", "Blur faces in what is saved")
    SAVE_JSON = QT_TRANSLATE_NOOP("AgeCam", "With each screenshot, also the results as JSON")
    SET_LOOK = QT_TRANSLATE_NOOP("AgeCam", "Look")
    SET_THEME = QT_TRANSLATE_NOOP("AgeCam", "Theme")
    THEME_SYSTEM = QT_TRANSLATE_NOOP("AgeCam", "as the system")
    THEME_LIGHT = QT_TRANSLATE_NOOP("AgeCam", "light")
    THEME_DARK = QT_TRANSLATE_NOOP("AgeCam", "dark")
    ABOUT_TITLE = QT_TRANSLATE_NOOP("AgeCam", "About AgeCam")
    ABOUT_PURPOSE = QT_TRANSLATE_NOOP(
        "AgeCam",
        "Writes apparent age and gender beside every face. These are a network's guesses at how a person looks, "
        "not facts about them, and not for decisions about anybody.",
    )
    PRIVACY = QT_TRANSLATE_NOOP(
        "AgeCam",
        "Nothing leaves this computer: all is computed here, and nothing is stored unless you save it.",
    )
    LICENCES = QT_TRANSLATE_NOOP(
        "AgeCam",
        "AgeCam is free software under the MIT licence. It stands on Qt for Python (LGPL), TensorFlow (Apache 2.0), "
        "OpenCV (Apache 2.0), MTCNN (MIT), FFmpeg through PyAV, NumPy, SciPy and pyqtgraph.",
    )
    WEIGHTS = QT_TRANSLATE_NOOP("AgeCam", "Weights: {name} of {date}; {licence}")
    SHORTCUTS_TITLE = QT_TRANSLATE_NOOP("AgeCam", "Keyboard shortcuts")

    # for screen readers
    VIDEO = QT_TRANSLATE_NOOP("AgeCam", "Video")
    SEEK_BAR = QT_TRANSLATE_NOOP("AgeCam", "Place in the video")
    RECORDING = QT_TRANSLATE_NOOP("AgeCam", "Recording")

    def __call__(self, **values: object) -> str:
        """The text in the language of the window, with `values` filled in."""
        text = QCoreApplication.translate("AgeCam", str(self.value))
        return text.format(**values) if values else text

    def plain(self) -> str:
        """As a title: without what makes it a menu entry."""
        return self().replace("&", "").rstrip(".")


def told(error: AgeCamError | None) -> str:
    """What went wrong, in the language of the window; empty for nothing."""
    if error is None:
        return ""
    sentence = QCoreApplication.translate("AgeCam", error.sentence)
    values = {name: told(of) if isinstance(of, AgeCamError) else of for name, of in error.values.items()}
    return sentence.format(**values) if values else sentence
