"""Every text of the window has its translation, and the file that the window loads holds the same."""

import re
import string
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator
from translations import CONTEXT, FOLDER, sentences

from agecam.errors import AgeCamError, SourceError
from agecam.sources import open_source
from agecam.ui.messages import Text, told

LANGUAGES = {"ko": QLocale.Language.Korean}
SENTENCES = set(sentences())
TEXTS = {str(text.value) for text in Text} | SENTENCES


@dataclass(frozen=True)
class Translations:
    """A language as its source file has it."""

    language: str
    contexts: list[str]
    messages: list[tuple[str, str, bool]]
    """Each text with its translation, and whether that is finished."""

    @property
    def by_text(self) -> dict[str, str]:
        return {text: translation for text, translation, _ in self.messages}


@pytest.fixture(params=LANGUAGES)
def translations(request: pytest.FixtureRequest) -> Translations:
    root = ET.parse(FOLDER / f"agecam_{request.param}.ts").getroot()
    assert root.get("language") == request.param
    messages = []
    for message in root.iter("message"):
        element = message.find("translation")
        assert element is not None
        text = message.findtext("source") or ""
        messages.append((text, element.text or "", element.get("type") is None))
    return Translations(request.param, [name.text or "" for name in root.iterfind("context/name")], messages)


def fields_of(text: str) -> list[str]:
    """What is filled in, each as often as it stands there; raises ValueError where braces do not match."""
    fields = [(field, form, conversion) for _, field, form, conversion in string.Formatter().parse(text)]
    assert not any(form or conversion for field, form, conversion in fields), text
    return sorted(field for field, _, _ in fields if field is not None)


def test_every_language_is_known_to_these_tests() -> None:
    stored = {file.name for file in FOLDER.iterdir()}
    assert stored == {f"agecam_{name}.{ending}" for name in LANGUAGES for ending in ("ts", "qm")}


def test_exactly_the_texts_of_the_window_are_translated(translations: Translations) -> None:
    texts = [text for text, _, _ in translations.messages]
    assert translations.contexts == [CONTEXT]
    assert sorted(texts) == sorted(set(texts))
    assert sorted(TEXTS - set(texts)) == []
    assert sorted(set(texts) - TEXTS) == []


def test_every_translation_is_finished(translations: Translations) -> None:
    assert [text for text, translation, finished in translations.messages if not (finished and translation)] == []
    assert [text for text, translation, _ in translations.messages if translation != translation.strip()] == []
    # A text that a translator passed over stands there as it was; but units are the same everywhere.
    same = [text for text, translation, _ in translations.messages if translation == text]
    assert [text for text in same if re.search(r"[a-z]{3}", re.sub(r"{\w+}", "", text))] == []


def test_what_is_filled_in_is_the_same(translations: Translations) -> None:
    assert {text: fields_of(translation) for text, translation in translations.by_text.items()} == {
        text: fields_of(text) for text in translations.by_text
    }
    for text, translation in translations.by_text.items():
        values = {field: f"<{field}>" for field in fields_of(text)}
        assert all(value in translation.format(**values) for value in values.values())


def test_the_window_loads_exactly_these(translations: Translations) -> None:
    translator = QTranslator()
    assert translator.load(QLocale(LANGUAGES[translations.language]), "agecam", "_", str(FOLDER))
    loaded = {text: translator.translate(CONTEXT, text) for text in TEXTS}
    assert loaded == translations.by_text
    assert not translator.translate(CONTEXT, "a text that is nowhere")


@pytest.mark.parametrize("text", sorted(TEXTS))
def test_at_most_one_letter_opens_a_menu_entry(text: str, translations: Translations) -> None:
    letters = [letter_of(text), letter_of(translations.by_text[text])]
    assert letters[0] == letters[1]  # the same key in every language
    assert letters[0] is None or letters[0].isalnum()


def letter_of(text: str) -> str | None:
    """What opens a menu entry together with Alt."""
    assert text.count("&") <= 1, text
    _, ampersand, rest = text.partition("&")
    return rest[:1].casefold() if ampersand else None


def test_what_leads_on_says_so_in_every_language(translations: Translations) -> None:
    for text, translation in translations.by_text.items():
        assert text.endswith("...") == translation.endswith("..."), text


def test_menus_have_their_letters() -> None:
    assert all("&" in str(text.value) for text in Text if text.name.startswith("MENU_"))
    assert sum("&" in text for text in TEXTS) > 30


def test_sentences_of_errors_are_whole() -> None:
    assert len(SENTENCES) > 40
    for sentence in SENTENCES:
        assert sentence.endswith((".", "{reason}")), sentence
        fields = fields_of(sentence)
        assert str(AgeCamError(sentence, **dict.fromkeys(fields, "x"))) == sentence.format(**dict.fromkeys(fields, "x"))


def test_an_error_is_told_in_the_language_of_the_window(
    translations: Translations, qapp: QCoreApplication, tmp_path: Path
) -> None:
    missing = tmp_path / "{none}.mp4"  # braces in a name are no field
    with pytest.raises(SourceError) as caught:
        open_source(str(missing))
    english = str(caught.value)
    assert told(caught.value) == english
    assert told(AgeCamError("A sentence that nobody translated.")) == "A sentence that nobody translated."
    translator = QTranslator()
    assert translator.load(QLocale(LANGUAGES[translations.language]), "agecam", "_", str(FOLDER))
    qapp.installTranslator(translator)
    try:
        in_other_words = told(caught.value)
    finally:
        qapp.removeTranslator(translator)
    assert in_other_words != english
    assert str(missing) in in_other_words
