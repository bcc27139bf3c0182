"""The window asks for the permission to use a camera on macOS, with a fake of the system's framework."""

import threading

import pytest
from camera_parts import AUTHORIZED, DENIED, UNDECIDED, FakeAVFoundation, use_av_foundation
from pytestqt.qtbot import QtBot

from agecam.ui.system.permission import ask_for_camera


@pytest.mark.parametrize("allows", [True, False])
def test_a_refusal_is_told_on_the_windows_thread(allows: bool, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    framework = FakeAVFoundation(UNDECIDED, allows)
    use_av_foundation(framework, monkeypatch)
    told: list[threading.Thread] = []
    ask_for_camera(lambda: told.append(threading.current_thread()))
    assert framework.questions == 1
    framework.show_question()
    if allows:
        qtbot.wait(200)
        assert told == []
    else:
        qtbot.waitUntil(lambda: bool(told))
        assert told == [threading.main_thread()]


@pytest.mark.parametrize("status", [AUTHORIZED, DENIED])
def test_a_user_who_has_answered_is_not_asked_again(status: int, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    framework = FakeAVFoundation(status)
    use_av_foundation(framework, monkeypatch)
    ask_for_camera(lambda: pytest.fail("the camera's own error says it"))
    qtbot.wait(100)
    assert framework.questions == 0


def test_other_systems_do_not_ask(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    framework = FakeAVFoundation(UNDECIDED, allows=False)
    use_av_foundation(framework, monkeypatch)
    monkeypatch.setattr("sys.platform", "linux")
    ask_for_camera(lambda: pytest.fail("there is nothing to ask"))
    qtbot.wait(100)
    assert framework.questions == 0
