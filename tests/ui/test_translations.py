"""Every text of the window is translated, and the .qm files are up to date."""

import re
import string
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator
from translations import CONTEXT, FOLDER, phrases, sentences

from agecam.errors import AgeCamError, SourceError
from agecam.sources import open_source
from agecam.ui.messages import Text, translated

LANGUAGES = {"ko": QLocale.Language.Korean}
SENTENCES = set(sentences())
TEXTS = {str(text.value) for text in Text} | set(phrases()) | SENTENCES


@dataclass(frozen=True)
class Translations:
    """Content of the .ts file of a language."""

    language: str
    contexts: list[str]
    messages: list[tuple[str, str, bool]]
    """Source text, translation, and whether the translation is finished."""

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
    """All placeholders, including repetitions; raises ValueError if braces do not match."""
    fields = [(field, spec, conversion) for _, field, spec, conversion in string.Formatter().parse(text)]
    assert not any(spec or conversion for field, spec, conversion in fields), text
    return sorted(field for field, _, _ in fields if field is not None)


def test_all_translation_files_are_tested() -> None:
    files = {file.name for file in FOLDER.iterdir()}
    assert files == {f"agecam_{name}.{suffix}" for name in LANGUAGES for suffix in ("ts", "qm")}


def test_translation_files_hold_exactly_the_texts_of_the_window(translations: Translations) -> None:
    texts = [text for text, _, _ in translations.messages]
    assert translations.contexts == [CONTEXT]
    assert sorted(texts) == sorted(set(texts))
    assert sorted(TEXTS - set(texts)) == []
    assert sorted(set(texts) - TEXTS) == []


def test_every_translation_is_finished(translations: Translations) -> None:
    assert [text for text, translation, finished in translations.messages if not (finished and translation)] == []
    assert [text for text, translation, _ in translations.messages if translation != translation.strip()] == []
    # An untranslated text equals its source; texts that consist of placeholders and units are exempt.
    unchanged = [text for text, translation, _ in translations.messages if translation == text]
    assert [text for text in unchanged if re.search(r"[a-z]{3}", re.sub(r"{\w+}", "", text))] == []


def test_translations_have_the_same_placeholders(translations: Translations) -> None:
    assert {text: fields_of(translation) for text, translation in translations.by_text.items()} == {
        text: fields_of(text) for text in translations.by_text
    }
    for text, translation in translations.by_text.items():
        values = {field: f"<{field}>" for field in fields_of(text)}
        assert all(value in translation.format(**values) for value in values.values())


def test_qm_files_match_the_ts_files(translations: Translations) -> None:
    translator = QTranslator()
    assert translator.load(QLocale(LANGUAGES[translations.language]), "agecam", "_", str(FOLDER))
    loaded = {text: translator.translate(CONTEXT, text) for text in TEXTS}
    assert loaded == translations.by_text
    assert not translator.translate(CONTEXT, "an unknown text")


@pytest.mark.parametrize("text", sorted(TEXTS))
def test_translations_keep_the_mnemonic(text: str, translations: Translations) -> None:
    mnemonic = mnemonic_of(text)
    assert mnemonic_of(translations.by_text[text]) == mnemonic
    assert mnemonic is None or mnemonic.isalnum()


def mnemonic_of(text: str) -> str | None:
    """The key that opens a menu entry together with Alt."""
    assert text.count("&") <= 1, text
    _, ampersand, rest = text.partition("&")
    return rest[:1].casefold() if ampersand and rest[:1].strip() else None  # not in 'Privacy & Security'


def test_translations_keep_the_trailing_dots(translations: Translations) -> None:
    for text, translation in translations.by_text.items():
        assert text.endswith("...") == translation.endswith("..."), text


def test_menus_have_mnemonics() -> None:
    assert all("&" in str(text.value) for text in Text if text.name.startswith("MENU_"))
    assert sum("&" in text for text in TEXTS) > 30


def test_error_messages_are_complete_sentences() -> None:
    assert len(SENTENCES) > 40
    for sentence in SENTENCES:
        assert sentence.endswith((".", "{reason}")), sentence
        fields = fields_of(sentence)
        assert str(AgeCamError(sentence, **dict.fromkeys(fields, "x"))) == sentence.format(**dict.fromkeys(fields, "x"))


def test_errors_are_translated_into_the_language_of_the_window(
    translations: Translations, qapp: QCoreApplication, tmp_path: Path
) -> None:
    missing = tmp_path / "{none}.mp4"  # braces in a file name are not placeholders
    with pytest.raises(SourceError) as caught:
        open_source(str(missing))
    english = str(caught.value)
    assert translated(caught.value) == english
    assert translated(AgeCamError("An untranslated message.")) == "An untranslated message."
    translator = QTranslator()
    assert translator.load(QLocale(LANGUAGES[translations.language]), "agecam", "_", str(FOLDER))
    qapp.installTranslator(translator)
    try:
        translation = translated(caught.value)
    finally:
        qapp.removeTranslator(translator)
    assert translation != english
    assert str(missing) in translation
