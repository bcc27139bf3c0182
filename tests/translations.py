"""Updates the translation files of the window from its texts and error messages.

    python -m tests.translations

Translate new texts by hand, then run it again to write the .qm files that the window loads.
"""

import ast
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import agecam
from agecam.outputs.report.words import Phrase

PACKAGE = Path(agecam.__file__).parent
FOLDER = PACKAGE / "ui" / "translations"
LANGUAGES = ("ko",)
CONTEXT = "AgeCam"
MODULES_USED_BY_WINDOW = (
    "backends",
    "errors.py",
    "engine",
    "live",
    "models/card.py",
    "models/files.py",
    "models/networks",
    "models/store.py",
    "outputs",
    "runtime",
    "sources",
    "vision",
)
COMMAND_LINE_ONLY = {"plot.py", "results.py"}
"""Modules whose errors only the command line reports."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder, "errors.py")
        texts = sorted({*sentences(), *phrases()})
        errors.write_text("".join(f"QT_TRANSLATE_NOOP({CONTEXT!r}, {text!r})\n" for text in texts))
        for language in LANGUAGES:
            ts = FOLDER / f"agecam_{language}.ts"
            sources = [PACKAGE / "ui" / "messages.py", errors]
            options = ["-target-language", language, "-locations", "none", "-no-obsolete"]
            subprocess.run(["pyside6-lupdate", *sources, "-ts", ts, *options], check=True)
            subprocess.run(["pyside6-lrelease", ts, "-qm", ts.with_suffix(".qm")], check=True)


def sentences() -> Iterator[str]:
    """The messages of all errors that the window can show."""
    for name, sentence in error_calls():
        assert isinstance(sentence, ast.Constant), f"{name} line {sentence.lineno}: pass the values as arguments"
        yield str(sentence.value)


def phrases() -> Iterator[str]:
    """The texts of a report."""
    for phrase in Phrase:
        yield phrase.value


def error_calls() -> Iterator[tuple[str, ast.expr]]:
    """File name and first argument of every error that the window can show."""
    for name in MODULES_USED_BY_WINDOW:
        path = PACKAGE / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.name not in COMMAND_LINE_ONLY:
                for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                    if isinstance(call, ast.Call) and _makes_error(call, file.name):
                        yield file.name, call.args[0]


def _makes_error(call: ast.Call, file_name: str) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in ERRORS
    # errors.py has classes with a sentence of their own.
    is_own = file_name == "errors.py" and isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"
    return is_own and isinstance(call.args[0], ast.Constant)


ERRORS = {"AgeCamError", "DetectorError", "EstimatorError", "OutputError", "SourceError", "UsageError", "WeightsError"}


if __name__ == "__main__":
    main()
