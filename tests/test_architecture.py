"""Which part may know of which."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BACKEND_FREE = (
    *("agecam.models.networks", "agecam.models.networks.compact", "agecam.models.networks.vgg_face", "agecam.types"),
    *("training.losses", "training.augment", "training.train", "training.metrics", "training.crops"),
)


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Full names of all modules, and of what is taken from them."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name their package"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
            names.add(str(node.module))
    return names


def all_imports(path: Path) -> set[str]:
    return imported(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports_when_loaded(path: Path) -> set[str]:
    """Those that run when the module is imported: not those inside functions or for the type checker."""

    def nodes(parent: ast.AST) -> Iterator[ast.AST]:
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            yield node
            yield from nodes(node)

    return imported(nodes(ast.parse(path.read_text(encoding="utf-8"))))


def loaded_with(module: str) -> set[str]:
    """Everything a module imports, and what those of our own import in turn."""
    seen: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        parents = {name.rpartition(".")[0]} - {""}
        path = path_of(name)
        waiting |= (parents | (imports_when_loaded(path) if path else set())) - seen
    return seen


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def test_the_program_knows_nothing_of_its_training() -> None:
    assert files_of("agecam")
    for path in files_of("agecam"):
        assert not roots(all_imports(path)) & {"training", "tests"}, path


def test_qt_is_known_to_the_window_alone() -> None:
    for path in files_of("agecam") + files_of("training"):
        if "ui" not in path.relative_to(ROOT).parts:
            assert not roots(all_imports(path)) & {"PySide6", "shiboken6", "PyQt5", "PyQt6"}, path


def test_nothing_but_the_window_loads_the_window() -> None:
    for path in files_of("agecam"):
        if "ui" not in path.relative_to(ROOT).parts:
            assert not any(name.startswith("agecam.ui") for name in imports_when_loaded(path)), path


def test_the_walk_over_imports_finds_what_is_loaded() -> None:
    assert "keras" in roots(loaded_with("training.train"))
    assert "tensorflow" in roots(loaded_with("agecam.engine.engine"))


@pytest.mark.parametrize("module", BACKEND_FREE)
def test_training_names_no_backend(module: str) -> None:
    assert path_of(module)
    loaded = roots(loaded_with(module))
    assert not loaded & {"tensorflow", "mtcnn", "torch", "jax"}


@pytest.mark.parametrize("module", ["agecam.runtime.environment", "agecam.errors"])
def test_the_first_modules_need_the_standard_library_only(module: str) -> None:
    assert not roots(loaded_with(module)) & {"numpy", "cv2", "tensorflow", "keras", "PySide6", "av"} - (
        roots(loaded_with("agecam"))
    )


def test_the_command_line_starts_without_tensorflow() -> None:
    assert not roots(loaded_with("agecam.cli")) & {"tensorflow", "keras", "mtcnn", "PySide6"}
