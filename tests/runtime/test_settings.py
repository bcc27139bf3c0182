"""Settings survive saving and loading, and invalid values do not affect the others."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from agecam.errors import OutputError
from agecam.runtime.settings import MAX_RECENT, VERSION, Settings, load_settings, save_settings

CHOSEN: dict[str, Any] = {
    "geometry": "AdnQywADAAA=",
    "layout": "AAAA/wAAAAD9",
    "theme": "dark",
    "show_panel": False,
    "show_hud": True,
    "recent": ["demo", "rtsp://cam.local/live", "/videos/사진 größe.mp4"],
    "camera_width": 1920,
    "camera_height": 1080,
    "camera_fps": 60,
    "loop": True,
    "mute": True,
    "show_box": False,
    "show_age": False,
    "show_interval": False,
    "show_gender": False,
    "show_probability": False,
    "show_track": False,
    "blur_faces": True,
    "mirror_camera": False,
    "label_px": 17,
    "model": "vgg_face",
    "device": "cpu",
    "smallest_face_px": 120,
    "folder": "/pictures/얼굴",
    "save_mirrored": True,
    "save_clean": True,
    "save_blurred": True,
    "asked_to_blur": True,
    "welcomed": True,
    "save_json": True,
    "booth_grid": True,
    "show_timeline": False,
    "spare_battery": False,
}
"""Every field with a value other than its default."""

WRONG: dict[str, list[Any]] = {
    "geometry": [None, 7],
    "theme": ["pink", "Dark", 1, None, ["dark"], {}],
    "device": ["tpu", ""],
    "show_panel": [0, "false", None],
    "loop": [1, "yes"],
    "recent": ["demo", [1], ["demo", None], {"demo": 1}, ["a"] * (MAX_RECENT + 1)],
    "camera_width": [-1, 640.0, "640", True, None, 10**9],
    "smallest_face_px": [-60, [], False, 1e400],
    "folder": [None, 3, ["/pictures"]],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def fields_of(settings: Settings) -> dict[str, Any]:
    return dataclasses.asdict(settings)


def assert_unreadable(path: Path) -> None:
    """Loading gives the defaults and one sentence that names the file."""
    settings, problem = load_settings(path)
    assert settings == Settings()
    assert problem is not None
    message = str(problem)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    assert "Error" not in message and "Errno" not in message


def test_every_setting_is_restored(path: Path) -> None:
    defaults = fields_of(Settings())
    assert set(CHOSEN) == set(defaults) - {"version"}
    assert not [name for name, value in CHOSEN.items() if value == defaults[name]]
    save_settings(Settings(**CHOSEN), path)
    settings, problem = load_settings(path)
    assert problem is None
    assert fields_of(settings) == CHOSEN | {"version": VERSION}


def test_a_missing_file_gives_the_defaults(path: Path) -> None:
    assert load_settings(path) == (Settings(), None)
    assert list(path.parent.iterdir()) == []


def test_missing_folders_are_created(tmp_path: Path) -> None:
    path = tmp_path / "config" / "AgeCam" / "settings.json"
    save_settings(Settings(theme="light"), path)
    assert load_settings(path) == (Settings(theme="light"), None)


@pytest.mark.parametrize("name", WRONG)
def test_an_invalid_value_does_not_affect_the_others(name: str, path: Path) -> None:
    for value in WRONG[name]:
        path.write_text(json.dumps(CHOSEN | {name: value}), encoding="utf-8")
        settings, problem = load_settings(path)
        assert problem is None
        assert fields_of(settings) == CHOSEN | {name: fields_of(Settings())[name], "version": VERSION}, value


def test_invalid_values_only_give_the_defaults(path: Path) -> None:
    path.write_text(json.dumps({name: {"": None} for name in CHOSEN}), encoding="utf-8")
    assert load_settings(path) == (Settings(), None)


def test_known_values_of_a_later_version_are_used(path: Path) -> None:
    later = CHOSEN | {"version": VERSION + 1, "theme": "sepia", "subtitles": True, "recent_people": [{"name": 1}]}
    path.write_text(json.dumps(later), encoding="utf-8")
    settings, problem = load_settings(path)
    assert problem is None
    assert fields_of(settings) == CHOSEN | {"theme": "system", "version": VERSION}


def test_missing_fields_get_their_defaults(path: Path) -> None:
    path.write_text('{"loop": true}', encoding="utf-8")
    assert load_settings(path) == (Settings(loop=True), None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"theme": "dark"',
        b"theme = dark",
        b"[]",
        b'"dark"',
        b"null",
        b'{"theme": "\xff\xfe"}',
        b"\0" * 64,
        b"[" * 100_000,
        b'{"smallest_face_px": ' + b"9" * 5000 + b"}",
        b'{"folder": "' + b"a" * (1 << 20) + b'"}',
    ],
    ids=["empty", "cut", "not JSON", "list", "text", "null", "not UTF-8", "zeros", "deep", "long number", "too large"],
)
def test_an_invalid_file_is_reported_in_one_sentence(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert_unreadable(path)
    assert path.read_bytes() == content


def test_an_unreadable_path_is_reported_in_one_sentence(path: Path) -> None:
    path.mkdir()
    assert_unreadable(path)
    assert_unreadable(path.with_name("a" * 300))


def test_a_damaged_file_is_replaced_when_saving(path: Path) -> None:
    path.write_bytes(b"\0" * 64)
    settings, _ = load_settings(path)
    save_settings(settings, path)
    assert load_settings(path) == (Settings(), None)


def test_saving_replaces_the_file_instead_of_overwriting_it(path: Path) -> None:
    save_settings(Settings(theme="dark"), path)
    earlier = path.with_name("a second name of the same file")
    earlier.hardlink_to(path)
    save_settings(Settings(theme="light"), path)
    assert load_settings(path) == (Settings(theme="light"), None)
    assert load_settings(earlier) == (Settings(theme="dark"), None)
    assert sorted(path.parent.iterdir()) == sorted([path, earlier])


def test_a_full_disk_leaves_the_old_file_intact(path: Path) -> None:
    resource = pytest.importorskip("resource")  # a limit on the file size simulates a full disk
    save_settings(Settings(theme="dark"), path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OutputError) as failure:
            save_settings(Settings(theme="light"), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(path) in str(failure.value)
    assert load_settings(path) == (Settings(theme="dark"), None)
    assert list(path.parent.iterdir()) == [path]


def test_unwritable_paths_are_reported_in_one_sentence(path: Path) -> None:
    path.write_text("a file where a folder should be", encoding="utf-8")
    for unwritable in (path / "settings.json", path.parent):
        with pytest.raises(OutputError) as failure:
            save_settings(Settings(), unwritable)
        assert str(unwritable) in str(failure.value)
        assert str(failure.value).endswith(".")
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == "a file where a folder should be"


def test_a_file_name_that_is_not_valid_text_is_saved(path: Path) -> None:
    # Python's form of the file name b"clip-\xff.mp4", which is valid on Linux.
    name = b"/videos/clip-\xff.mp4".decode("utf-8", "surrogateescape")
    settings = Settings(theme="dark", folder=name)
    settings.remember(name)
    save_settings(settings, path)
    assert load_settings(path) == (settings, None)
    assert load_settings(path)[0].recent == [name]


def test_the_newest_source_is_first_and_not_repeated() -> None:
    settings = Settings()
    for spec in ("demo", "a.mp4", "b.mp4", "demo"):
        settings.remember(spec)
    assert settings.recent == ["demo", "b.mp4", "a.mp4"]
    settings.remember("demo")
    assert settings.recent == ["demo", "b.mp4", "a.mp4"]


def test_ten_sources_are_remembered(path: Path) -> None:
    settings = Settings()
    for number in range(14):
        settings.remember(f"{number}.mp4")
    assert settings.recent == [f"{number}.mp4" for number in range(13, 3, -1)]
    settings.remember("9.mp4")
    assert settings.recent[:2] == ["9.mp4", "13.mp4"]
    assert len(settings.recent) == MAX_RECENT == 10
    save_settings(settings, path)
    assert load_settings(path)[0].recent == settings.recent


def test_recent_sources_are_not_shared_between_settings() -> None:
    Settings().remember("demo")
    assert Settings().recent == []


def test_files_are_saved_to_the_chosen_folder(path: Path) -> None:
    assert Settings(folder=str(path.parent)).saving_folder == path.parent
    assert Settings().saving_folder.name == "AgeCam"
    assert Settings().saving_folder.is_absolute()


def test_the_camera_mode_is_built_from_the_settings() -> None:
    assert Settings().camera_mode is None
    settings = Settings(camera_width=1280, camera_height=720, camera_fps=30)
    mode = settings.camera_mode
    assert mode is not None
    assert (mode.width, mode.height, mode.fps) == (1280, 720, 30)
    again = Settings()
    again.camera_mode = mode
    assert again == settings
    again.camera_mode = None
    assert again == Settings()


@pytest.mark.parametrize(("content", "expected"), [({"min_face_px": 60}, 0), ({"min_face_px": 90}, 90), ({}, 0)])
def test_the_smallest_face_of_version_0_1_is_kept_unless_it_was_the_default(
    tmp_path: Path, content: dict[str, int], expected: int
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(content))
    settings, problem = load_settings(path)
    assert problem is None
    assert settings.smallest_face_px == expected
