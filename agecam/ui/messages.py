"""All texts of the window: `Text.QUIT()` returns a text in the user's language.

Error messages are written where the errors are raised; `translated` translates them. After changing a text or an error
message, run `python -m tests.translations` to update the translation files.
"""

import re
from enum import Enum

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from agecam.errors import AgeCamError
from agecam.runtime.log import without_passwords

_ACCESS_KEY = re.compile(r"\s*\(&\w\)")
"""As it follows a Korean text."""


class Text(Enum):
    """Texts of the window. Calling one translates it and fills in the values: `Text.SAVED(name="a.png")`."""

    # menus; the letter after the ampersand opens the entry together with Alt
    MENU_SOURCE = QT_TRANSLATE_NOOP("AgeCam", "&Source")
    MENU_PLAY = QT_TRANSLATE_NOOP("AgeCam", "&Play")
    MENU_SAVE = QT_TRANSLATE_NOOP("AgeCam", "S&ave")
    MENU_VIEW = QT_TRANSLATE_NOOP("AgeCam", "&View")
    MENU_HELP = QT_TRANSLATE_NOOP("AgeCam", "&Help")
    CAMERAS = QT_TRANSLATE_NOOP("AgeCam", "&Camera")
    NO_CAMERA = QT_TRANSLATE_NOOP("AgeCam", "No camera is connected")
    CAMERA_SIZE = QT_TRANSLATE_NOOP("AgeCam", "Camera resol&ution")
    CAMERA_SIZE_DEFAULT = QT_TRANSLATE_NOOP("AgeCam", "Camera default")
    OPEN_FILE = QT_TRANSLATE_NOOP("AgeCam", "&Open videos or pictures...")
    OPEN_FOLDER = QT_TRANSLATE_NOOP("AgeCam", "Open &folder...")
    OPEN_ADDRESS = QT_TRANSLATE_NOOP("AgeCam", "Open &stream address...")
    OPEN_DEMO = QT_TRANSLATE_NOOP("AgeCam", "&Demo")
    RECENT = QT_TRANSLATE_NOOP("AgeCam", "&Recent")
    CLEAR_RECENT = QT_TRANSLATE_NOOP("AgeCam", "Clear list")
    CLOSE_SOURCE = QT_TRANSLATE_NOOP("AgeCam", "C&lose source")
    QUIT = QT_TRANSLATE_NOOP("AgeCam", "&Quit")
    PLAY = QT_TRANSLATE_NOOP("AgeCam", "&Play")
    PAUSE = QT_TRANSLATE_NOOP("AgeCam", "&Pause")
    STEP = QT_TRANSLATE_NOOP("AgeCam", "&Next frame")
    STEP_BACK = QT_TRANSLATE_NOOP("AgeCam", "Pre&vious frame")
    START = QT_TRANSLATE_NOOP("AgeCam", "To the s&tart")
    END = QT_TRANSLATE_NOOP("AgeCam", "To the &end")
    SLOWER = QT_TRANSLATE_NOOP("AgeCam", "S&lower")
    FASTER = QT_TRANSLATE_NOOP("AgeCam", "F&aster")
    NORMAL_SPEED = QT_TRANSLATE_NOOP("AgeCam", "N&ormal speed")
    LOOP = QT_TRANSLATE_NOOP("AgeCam", "&Repeat")
    MUTE = QT_TRANSLATE_NOOP("AgeCam", "&Mute")
    SPEED = QT_TRANSLATE_NOOP("AgeCam", "&Speed")
    BACK = QT_TRANSLATE_NOOP("AgeCam", "&Back 5 seconds")
    FORWARD = QT_TRANSLATE_NOOP("AgeCam", "&Forward 5 seconds")
    PREVIOUS = QT_TRANSLATE_NOOP("AgeCam", "Previous &in the list")
    FOLLOWING = QT_TRANSLATE_NOOP("AgeCam", "Ne&xt in the list")
    ANALYSE_WHOLE = QT_TRANSLATE_NOOP("AgeCam", "Analyse the &whole video")
    SCREENSHOT = QT_TRANSLATE_NOOP("AgeCam", "&Screenshot")
    COPY = QT_TRANSLATE_NOOP("AgeCam", "&Copy picture")
    BOOTH = QT_TRANSLATE_NOOP("AgeCam", "Photo &booth")
    BOOTH_GRID = QT_TRANSLATE_NOOP("AgeCam", "Photo booth as 2 x 2 colla&ge")
    RECORD = QT_TRANSLATE_NOOP("AgeCam", "&Record video")
    STOP_RECORDING = QT_TRANSLATE_NOOP("AgeCam", "Stop &recording")
    STOP_AT = QT_TRANSLATE_NOOP("AgeCam", "Stop, {time}")
    STOP_AT_PAUSED = QT_TRANSLATE_NOOP("AgeCam", "Stop, {time}, paused")
    PAUSE_RECORDING = QT_TRANSLATE_NOOP("AgeCam", "&Pause recording")
    SHOW_IN_CALLS = QT_TRANSLATE_NOOP("AgeCam", "Show in ca&lls")
    EXPORT_CSV = QT_TRANSLATE_NOOP("AgeCam", "&Export results as CSV...")
    SAVE_LANES = QT_TRANSLATE_NOOP("AgeCam", "Save t&imeline...")
    SAVE_REPORT = QT_TRANSLATE_NOOP("AgeCam", "Save repor&t...")
    OPEN_SAVED = QT_TRANSLATE_NOOP("AgeCam", "Open &folder of saved files")
    SHOW_BOX = QT_TRANSLATE_NOOP("AgeCam", "&Boxes")
    SHOW_AGE = QT_TRANSLATE_NOOP("AgeCam", "Apparent &age")
    SHOW_INTERVAL = QT_TRANSLATE_NOOP("AgeCam", "Age &interval")
    SHOW_GENDER = QT_TRANSLATE_NOOP("AgeCam", "&Gender")
    SHOW_PROBABILITY = QT_TRANSLATE_NOOP("AgeCam", "Gen&der probability")
    SHOW_TRACK = QT_TRANSLATE_NOOP("AgeCam", "Person &number")
    BLUR_FACES = QT_TRANSLATE_NOOP("AgeCam", "B&lur faces")
    NOT_COVERED = QT_TRANSLATE_NOOP("AgeCam", "Faces under {px} px are not covered")
    MIRROR = QT_TRANSLATE_NOOP("AgeCam", "&Mirror cameras")
    GUESS_FIRST = QT_TRANSLATE_NOOP("AgeCam", "G&uess first")
    PIN = QT_TRANSLATE_NOOP("AgeCam", "Pin for &comparison")
    SHOW_PANEL = QT_TRANSLATE_NOOP("AgeCam", "&People in view")
    SHOW_TIMELINE = QT_TRANSLATE_NOOP("AgeCam", "Timelin&e")
    SHOW_HUD = QT_TRANSLATE_NOOP("AgeCam", "Performance &overlay")
    FULL_SCREEN = QT_TRANSLATE_NOOP("AgeCam", "&Full screen")
    RESET_ZOOM = QT_TRANSLATE_NOOP("AgeCam", "Whole pic&ture")
    LARGER_LABELS = QT_TRANSLATE_NOOP("AgeCam", "La&rger labels")
    SMALLER_LABELS = QT_TRANSLATE_NOOP("AgeCam", "&Smaller labels")
    COPY_FACE = QT_TRANSLATE_NOOP("AgeCam", "&Copy this face")
    BLUR_FACE = QT_TRANSLATE_NOOP("AgeCam", "&Blur this face")
    COMPARE_FACE = QT_TRANSLATE_NOOP("AgeCam", "C&ompare with the chosen person")
    NOT_A_FACE = QT_TRANSLATE_NOOP("AgeCam", "&Not a face")
    SHOW_HIDDEN = QT_TRANSLATE_NOOP("AgeCam", "&Show hidden faces")
    FACE_COPIED = QT_TRANSLATE_NOOP("AgeCam", "Face copied to the clipboard.")
    SETTINGS = QT_TRANSLATE_NOOP("AgeCam", "S&ettings...")
    SHORTCUTS = QT_TRANSLATE_NOOP("AgeCam", "&Keyboard shortcuts")
    OPEN_LOG = QT_TRANSLATE_NOOP("AgeCam", "Open &log file")
    ABOUT = QT_TRANSLATE_NOOP("AgeCam", "&About AgeCam")

    # over the video
    CLOSED = QT_TRANSLATE_NOOP("AgeCam", "Nothing is open")
    CLOSED_HINT = QT_TRANSLATE_NOOP("AgeCam", "Choose a camera, or drop videos, pictures or folders here.")
    CHOOSE_CAMERA = QT_TRANSLATE_NOOP("AgeCam", "Use a camera")
    CHOOSE_FILES = QT_TRANSLATE_NOOP("AgeCam", "Open files")
    STAYS_HERE = QT_TRANSLATE_NOOP("AgeCam", "Nothing leaves this computer")
    OPENING = QT_TRANSLATE_NOOP("AgeCam", "Opening {name}...")
    LOADING = QT_TRANSLATE_NOOP("AgeCam", "Loading neural networks...")
    LOOKING = QT_TRANSLATE_NOOP("AgeCam", "Looking for faces...")
    LOST = QT_TRANSLATE_NOOP("AgeCam", "Waiting for {name}")
    FAILED = QT_TRANSLATE_NOOP("AgeCam", "Cannot show {name}")
    NOT_ANALYSED = QT_TRANSLATE_NOOP("AgeCam", "Faces cannot be analysed")
    RETRYING = QT_TRANSLATE_NOOP("AgeCam", "AgeCam retries automatically.")
    UNEXPECTED = QT_TRANSLATE_NOOP("AgeCam", "Unexpected error")
    TRY_NOW = QT_TRANSLATE_NOOP("AgeCam", "Try now")
    TRY_AGAIN = QT_TRANSLATE_NOOP("AgeCam", "Try again")
    OTHER_SOURCE = QT_TRANSLATE_NOOP("AgeCam", "Another source")
    USE_PROCESSOR = QT_TRANSLATE_NOOP("AgeCam", "Use the processor")
    CONTINUE = QT_TRANSLATE_NOOP("AgeCam", "Continue")
    COPY_DETAILS = QT_TRANSLATE_NOOP("AgeCam", "Copy details")
    DETAILS_COPIED = QT_TRANSLATE_NOOP("AgeCam", "Details copied to the clipboard.")
    WATCH_DEMO = QT_TRANSLATE_NOOP("AgeCam", "Watch the demo")
    CAMERA_DENIED = QT_TRANSLATE_NOOP(
        "AgeCam",
        "AgeCam has no permission to use the camera: allow it in the system's privacy settings, then restart AgeCam.",
    )

    # the filmstrip
    FILMSTRIP = QT_TRANSLATE_NOOP("AgeCam", "Files in the list")
    POSITION = QT_TRANSLATE_NOOP("AgeCam", "{number} of {count}, {name}")

    # toasts
    SKIPPED = QT_TRANSLATE_NOOP("AgeCam", "{error} Skipped in all: {count}.")
    IS_DEMO = QT_TRANSLATE_NOOP("AgeCam", "No camera is connected: showing the demo.")
    CAMERA_CONNECTED = QT_TRANSLATE_NOOP("AgeCam", "{name} is connected.")
    USE_CAMERA = QT_TRANSLATE_NOOP("AgeCam", "Use camera")
    SAVING_REPORT = QT_TRANSLATE_NOOP("AgeCam", "Saving the report...")
    SAVED = QT_TRANSLATE_NOOP("AgeCam", "Saved {name}")
    COPIED = QT_TRANSLATE_NOOP("AgeCam", "Picture copied to the clipboard.")
    OPEN = QT_TRANSLATE_NOOP("AgeCam", "Open folder")
    NOTHING_TO_SAVE = QT_TRANSLATE_NOOP("AgeCam", "Nothing to save yet: no picture is shown.")
    NOTHING_TO_SHOW = QT_TRANSLATE_NOOP("AgeCam", "Nothing to show yet: open a camera or a file first.")
    SHOWING_IN_CALLS = QT_TRANSLATE_NOOP("AgeCam", "Showing in calls as {name}")
    NOTHING_TO_EXPORT = QT_TRANSLATE_NOOP("AgeCam", "Nothing to export yet: no face has been analysed.")
    RECORDING_CUT = QT_TRANSLATE_NOOP("AgeCam", "{error} What was recorded before is in {name}.")
    RECORDING_SAVED = QT_TRANSLATE_NOOP("AgeCam", "Saved recording {name}")
    RECORDING_EMPTY = QT_TRANSLATE_NOOP("AgeCam", "Nothing was recorded: the picture did not change.")
    CAMERA_SIZE_DIFFERS = QT_TRANSLATE_NOOP(
        "AgeCam", "The camera uses {width} x {height}, the closest resolution it supports."
    )

    # the panel
    PEOPLE = QT_TRANSLATE_NOOP("AgeCam", "People in view")
    NOBODY = QT_TRANSLATE_NOOP("AgeCam", "No one is in view.")
    APPARENT_AGE = QT_TRANSLATE_NOOP("AgeCam", "apparent age")
    SECONDS_IN_VIEW = QT_TRANSLATE_NOOP("AgeCam", "{seconds} s in view")
    LEFT_AT = QT_TRANSLATE_NOOP("AgeCam", "left at {time}")
    GROUP = QT_TRANSLATE_NOOP("AgeCam", "{count} people, apparent ages {low} to {high}")
    FEMALE = QT_TRANSLATE_NOOP("AgeCam", "female")
    MALE = QT_TRANSLATE_NOOP("AgeCam", "male")
    UNSURE = QT_TRANSLATE_NOOP("AgeCam", "unsure")
    PERSON_SUMMARY = QT_TRANSLATE_NOOP(
        "AgeCam", "Person {number}: apparent age {age}, between {low} and {high}, {gender}"
    )
    DISTRIBUTION = QT_TRANSLATE_NOOP("AgeCam", "Probability of each age")
    AGE_AXIS = QT_TRANSLATE_NOOP("AgeCam", "age in years")
    EXPECTATION = QT_TRANSLATE_NOOP("AgeCam", "apparent age {age}")
    MOST_LIKELY = QT_TRANSLATE_NOOP("AgeCam", "most likely {age}")
    CHOOSE_PERSON = QT_TRANSLATE_NOOP("AgeCam", "Click a person to see the probability of each age.")

    # the photo booth
    BOOTH_CAPTION = QT_TRANSLATE_NOOP("AgeCam", "Photo booth")
    BOOTH_VIEW = QT_TRANSLATE_NOOP("AgeCam", "View large")
    BOOTH_DELETE = QT_TRANSLATE_NOOP("AgeCam", "Delete")
    BOOTH_CLOSE = QT_TRANSLATE_NOOP("AgeCam", "Close")
    BOOTH_SHOT = QT_TRANSLATE_NOOP("AgeCam", "Photo {number} of {count}, not saved")
    BOOTH_COLLAGE = QT_TRANSLATE_NOOP("AgeCam", "Collage, saved as {name}")
    BOOTH_TAKEN = QT_TRANSLATE_NOOP("AgeCam", "Photo {number} of {count}")
    BOOTH_CANCELLED = QT_TRANSLATE_NOOP("AgeCam", "Photo booth cancelled: nothing was saved.")
    SAVED_IN = QT_TRANSLATE_NOOP("AgeCam", "Saved {name} in {folder}")
    MOVED_TO_TRASH = QT_TRANSLATE_NOOP("AgeCam", "Moved {name} to the trash.")
    CANNOT_DELETE = QT_TRANSLATE_NOOP("AgeCam", "{name} cannot be moved to the trash: delete it in {folder}.")

    # 'Guess first'
    HOW_OLD = QT_TRANSLATE_NOOP("AgeCam", "How old does person {number} look?")
    CHOOSE_TO_GUESS = QT_TRANSLATE_NOOP("AgeCam", "Click a person to guess their age.")
    REVEAL = QT_TRANSLATE_NOOP("AgeCam", "Reveal")
    GUESS_MARK = QT_TRANSLATE_NOOP("AgeCam", "your guess {age}")
    GUESS_ANSWER = QT_TRANSLATE_NOOP("AgeCam", "Apparent age {age} ({low} to {high})")
    GUESS_INSIDE = QT_TRANSLATE_NOOP("AgeCam", "Your guess: {guess}. Years off: {years}, inside the interval.")
    GUESS_OUTSIDE = QT_TRANSLATE_NOOP("AgeCam", "Your guess: {guess}. Years off: {years}, outside the interval.")
    GUESS_SCORE = QT_TRANSLATE_NOOP(
        "AgeCam", "You: {off} years off on average in {count} guesses; inside the interval {inside} of {count}"
    )
    GUESS_SCORE_FIRST = QT_TRANSLATE_NOOP(
        "AgeCam", "You: {off} years off in 1 guess; inside the interval {inside} of 1"
    )
    PERSON_HIDDEN = QT_TRANSLATE_NOOP("AgeCam", "Person {number}: {gender}")
    GROUP_HIDDEN = QT_TRANSLATE_NOOP("AgeCam", "{count} people")

    # the comparison
    END_COMPARISON = QT_TRANSLATE_NOOP("AgeCam", "End comparison")
    PERSON_NAME = QT_TRANSLATE_NOOP("AgeCam", "Person {number}")
    PINNED_NAME = QT_TRANSLATE_NOOP("AgeCam", "Person {number} ({source}, {time})")
    PINNED_STILL = QT_TRANSLATE_NOOP("AgeCam", "Person {number} ({source})")
    LIKELY_OLDER = QT_TRANSLATE_NOOP("AgeCam", "{name} is likely older: {percent} %")
    EQUALLY_OLD = QT_TRANSLATE_NOOP("AgeCam", "Each is equally likely to be older: 50 %")
    CHOOSE_TO_COMPARE = QT_TRANSLATE_NOOP("AgeCam", "Click a person to compare.")
    PINNED = QT_TRANSLATE_NOOP("AgeCam", "Pinned {name}. Click another person to compare.")
    CHOOSE_TO_PIN = QT_TRANSLATE_NOOP("AgeCam", "Nobody is chosen: click the person to pin first.")
    GUESSING_ENDS_FIRST = QT_TRANSLATE_NOOP("AgeCam", "Turn off 'Guess first' to compare people.")

    # the timeline
    TIMELINE_NAME = QT_TRANSLATE_NOOP("AgeCam", "People on the timeline")
    TIMELINE_COUNT = QT_TRANSLATE_NOOP("AgeCam", "People so far: {count}")
    TIMELINE_WHOLE_COUNT = QT_TRANSLATE_NOOP("AgeCam", "People in the whole video: {count}")
    TIMELINE_HEAD_TIP = QT_TRANSLATE_NOOP("AgeCam", "Person {number}: go to the clearest moment, {time}")
    TIMELINE_LANE_TIP = QT_TRANSLATE_NOOP("AgeCam", "Person {number}: go to {time}")
    TIMELINE_AGE_TIP = QT_TRANSLATE_NOOP(
        "AgeCam", "Person {number}: go to {time}, apparent age {age}, between {low} and {high}"
    )
    CLEAREST_MOMENT = QT_TRANSLATE_NOOP("AgeCam", "&Go to the clearest moment")
    JOIN_WITH = QT_TRANSLATE_NOOP("AgeCam", "&Join with")
    SPLIT_HERE = QT_TRANSLATE_NOOP("AgeCam", "&Split here, at {time}")
    PERSON_SHORT = QT_TRANSLATE_NOOP("AgeCam", "Person {number}")
    STOP_ANALYSIS = QT_TRANSLATE_NOOP("AgeCam", "Stop the analysis")
    WHOLE_ANALYSED = QT_TRANSLATE_NOOP("AgeCam", "The whole video has been analysed. People: {count}.")
    NO_TIMELINE = QT_TRANSLATE_NOOP("AgeCam", "Nothing to save yet: nobody has been seen in a video.")
    JSON_FILES = QT_TRANSLATE_NOOP("AgeCam", "JSON files")

    # everybody so far
    IN_VIEW = QT_TRANSLATE_NOOP("AgeCam", "In view")
    EVERYBODY = QT_TRANSLATE_NOOP("AgeCam", "Everybody so far")
    EVERYBODY_COUNT = QT_TRANSLATE_NOOP("AgeCam", "People: {count}")
    NOBODY_YET = QT_TRANSLATE_NOOP("AgeCam", "Nobody yet")
    SORT_BY = QT_TRANSLATE_NOOP("AgeCam", "Order")
    SORT_TIME = QT_TRANSLATE_NOOP("AgeCam", "by time")
    SORT_AGE = QT_TRANSLATE_NOOP("AgeCam", "by apparent age")
    SORT_SIZE = QT_TRANSLATE_NOOP("AgeCam", "by size")
    PERSON_SEEN = QT_TRANSLATE_NOOP("AgeCam", "Person {number}: apparent age {age}, between {low} and {high}")

    # the performance overlay
    PERFORMANCE_SHOWN = QT_TRANSLATE_NOOP("AgeCam", "shown {fps} / s")
    PERFORMANCE_ANALYSED = QT_TRANSLATE_NOOP("AgeCam", "analysed {fps} / s")
    PERFORMANCE_DELAY = QT_TRANSLATE_NOOP("AgeCam", "delay {p50} ms, 95 % under {p95} ms")
    PERFORMANCE_DROPPED = QT_TRANSLATE_NOOP("AgeCam", "dropped {count}")
    PERFORMANCE_STAGE = QT_TRANSLATE_NOOP("AgeCam", "{name} {ms} ms")
    PERFORMANCE_STEP = QT_TRANSLATE_NOOP("AgeCam", "step {ms} of {budget} ms")
    PERFORMANCE_PLAN = QT_TRANSLATE_NOOP("AgeCam", "detector 1 frame in {every}, from {px} px")
    PERFORMANCE_ESTIMATED = QT_TRANSLATE_NOOP("AgeCam", "estimated {estimated} of {people}")
    PERFORMANCE_FACES = QT_TRANSLATE_NOOP("AgeCam", "faces {count}")
    PERFORMANCE_CORES = QT_TRANSLATE_NOOP("AgeCam", "{cores} processor cores")

    # the question before the first recording
    ASK_TO_BLUR = QT_TRANSLATE_NOOP("AgeCam", "Should faces be visible or blurred in recordings?")
    ASK_TO_BLUR_LATER = QT_TRANSLATE_NOOP(
        "AgeCam", "Recording starts when you choose. You can change this in the settings, under 'Saving'."
    )
    FACES_VISIBLE = QT_TRANSLATE_NOOP("AgeCam", "Visible")
    FACES_BLURRED = QT_TRANSLATE_NOOP("AgeCam", "Blurred")

    # dialogs
    MEDIA_FILES = QT_TRANSLATE_NOOP("AgeCam", "Videos and pictures")
    ALL_FILES = QT_TRANSLATE_NOOP("AgeCam", "All files")
    WEB_PAGE = QT_TRANSLATE_NOOP("AgeCam", "Web page")
    CSV_FILES = QT_TRANSLATE_NOOP("AgeCam", "CSV files")
    CANNOT_START = QT_TRANSLATE_NOOP("AgeCam", "AgeCam cannot start")
    ADDRESS = QT_TRANSLATE_NOOP("AgeCam", "Stream address (rtsp://, http://, ...)")
    CHOOSE_FOLDER = QT_TRANSLATE_NOOP("AgeCam", "Choose...")
    SETTINGS_TITLE = QT_TRANSLATE_NOOP("AgeCam", "Settings")
    SET_ANALYSIS = QT_TRANSLATE_NOOP("AgeCam", "Analysis")
    SET_MODEL = QT_TRANSLATE_NOOP("AgeCam", "Model")
    SET_DEVICE = QT_TRANSLATE_NOOP("AgeCam", "Compute device")
    DEVICE_AUTO = QT_TRANSLATE_NOOP("AgeCam", "graphics card if available")
    DEVICE_CPU = QT_TRANSLATE_NOOP("AgeCam", "processor")
    DEVICE_GPU = QT_TRANSLATE_NOOP("AgeCam", "graphics card")
    MIN_FACE_AUTO = QT_TRANSLATE_NOOP("AgeCam", "Automatic")
    SET_MIN_FACE = QT_TRANSLATE_NOOP("AgeCam", "Minimum face size")
    SPARE_BATTERY = QT_TRANSLATE_NOOP("AgeCam", "Analyse half of the frames on battery")
    SET_SAVING = QT_TRANSLATE_NOOP("AgeCam", "Saving")
    SET_FOLDER = QT_TRANSLATE_NOOP("AgeCam", "Folder")
    SAVE_MIRRORED = QT_TRANSLATE_NOOP("AgeCam", "Mirror saved pictures like the preview")
    SAVE_CLEAN = QT_TRANSLATE_NOOP("AgeCam", "Also save each screenshot without labels")
    SAVE_BLURRED = QT_TRANSLATE_NOOP("AgeCam", "Blur faces in saved files")
    SAVE_JSON = QT_TRANSLATE_NOOP("AgeCam", "Also save the results of each screenshot as JSON")
    SET_APPEARANCE = QT_TRANSLATE_NOOP("AgeCam", "Appearance")
    SET_THEME = QT_TRANSLATE_NOOP("AgeCam", "Theme")
    THEME_SYSTEM = QT_TRANSLATE_NOOP("AgeCam", "system default")
    THEME_LIGHT = QT_TRANSLATE_NOOP("AgeCam", "light")
    THEME_DARK = QT_TRANSLATE_NOOP("AgeCam", "dark")
    ABOUT_TITLE = QT_TRANSLATE_NOOP("AgeCam", "About AgeCam")
    ABOUT_PURPOSE = QT_TRANSLATE_NOOP(
        "AgeCam",
        "Shows apparent age and gender next to each face. These are a neural network's estimates of how people look, "
        "not facts about them, and must not be used for decisions about anyone.",
    )
    PRIVACY = QT_TRANSLATE_NOOP(
        "AgeCam",
        "Nothing leaves this computer: all processing happens here, and nothing is stored unless you save it.",
    )
    LICENCES = QT_TRANSLATE_NOOP(
        "AgeCam",
        "AgeCam is free software under the MIT licence. It uses Qt for Python (LGPL), TensorFlow (Apache 2.0), "
        "OpenCV (Apache 2.0), MTCNN (MIT), FFmpeg through PyAV, NumPy, SciPy and pyqtgraph.",
    )
    WEIGHTS = QT_TRANSLATE_NOOP("AgeCam", "Weights: {name}, {date}; {licence}")
    SHORTCUTS_TITLE = QT_TRANSLATE_NOOP("AgeCam", "Keyboard shortcuts")

    # for screen readers
    VIDEO = QT_TRANSLATE_NOOP("AgeCam", "Video")
    SEEK_BAR = QT_TRANSLATE_NOOP("AgeCam", "Playback position")
    RECORDING = QT_TRANSLATE_NOOP("AgeCam", "Recording")

    def __call__(self, **values: object) -> str:
        """The text in the window's language, with `values` filled in."""
        text = translate(str(self.value))
        return text.format(**values) if values else text

    def plain(self) -> str:
        """The text without the access key and dots of a menu entry."""
        return _ACCESS_KEY.sub("", self()).replace("&", "").rstrip(".")


def translate(text: str) -> str:
    """A text in the window's language, as it is written in the program; may be called on any thread."""
    return QCoreApplication.translate("AgeCam", text)


def translated(error: AgeCamError | None) -> str:
    """The error's message in the window's language, without passwords; empty for None."""
    if error is None:
        return ""
    sentence = translate(error.sentence)
    values = {
        name: translated(value) if isinstance(value, AgeCamError) else value for name, value in error.values.items()
    }
    return without_passwords(sentence.format(**values) if values else sentence)
