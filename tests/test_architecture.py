"""Which packages and modules may import which."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BACKEND_FREE = (
    *("agecam.models.networks", "agecam.models.networks.compact", "agecam.models.networks.vgg_face", "agecam.types"),
    *(
        "training.compact.losses",
        "training.data.augment",
        "training.compact.train",
        "training.evaluation.metrics",
        "training.data.crops",
    ),
)


LAYERS = {
    "agecam": (
        ("errors", "version"),
        ("types",),
        ("runtime",),
        ("models",),
        ("backends",),
        ("vision",),
        ("tracking",),
        ("engine",),
        ("sources", "overlay"),
        ("timeline",),
        ("outputs",),
        ("batch", "live"),
        ("analyzer", "bench", "library"),
        ("ui.messages",),
        ("ui.theme", "ui.typeface", "ui.system"),
        ("ui.actions",),
        ("ui.widgets",),
        ("ui.controllers", "ui.menus"),
        ("ui.main_window",),
        ("ui.app",),
        ("ui.measure", "ui.measure_load"),
        ("commands",),
        ("cli",),
        ("__main__",),
    ),
    "training": (("files", "resume"), ("data",), ("evaluation",), ("compact", "vgg_face")),
}
"""From the lowest layer up: a module imports only from earlier lines."""


def files_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Full names of all imported modules, and of names imported from them."""
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
    """Imports that run when the module is loaded: not those inside functions or for the type checker."""

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
    """All modules that a module imports, directly or through other modules of this repository."""
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


def test_the_program_does_not_import_training_or_tests() -> None:
    assert files_of("agecam")
    for path in files_of("agecam"):
        assert not roots(all_imports(path)) & {"training", "tests"}, path


def part_of(module: str, parts: set[str]) -> str | None:
    """The layer entry that a module belongs to; None for the package itself."""
    names = module.split(".")[1:]
    return next((part for part in (".".join(names[:2]), ".".join(names[:1])) if part in parts), None)


@pytest.mark.parametrize("package", LAYERS)
def test_imports_point_to_lower_layers(package: str) -> None:
    levels = {part: level for level, parts in enumerate(LAYERS[package]) for part in parts}
    for path in files_of(package):
        own = part_of(module_name(path), set(levels))
        if own is None:  # the package itself may import its public names
            assert module_name(path) in {package, "agecam.ui"}, f"{path} is in no layer"
            continue
        for name in all_imports(path):
            other = part_of(name, set(levels)) if name.split(".")[0] == package else None
            if other is not None and other != own:
                assert levels[other] < levels[own], f"{path} imports {name}"


@pytest.mark.parametrize("package", LAYERS)
def test_every_module_is_in_a_layer(package: str) -> None:
    named = {part for parts in LAYERS[package] for part in parts}
    for path in (ROOT / package).iterdir():
        if (path.is_dir() and any(path.glob("*.py"))) or path.suffix == ".py":
            assert path.stem == "__init__" or any(part.split(".")[0] == path.stem for part in named), path


def test_only_the_window_imports_qt() -> None:
    for path in files_of("agecam") + files_of("training"):
        if "ui" not in path.relative_to(ROOT).parts:
            assert not roots(all_imports(path)) & {"PySide6", "shiboken6", "PyQt5", "PyQt6"}, path


def test_only_the_window_imports_the_window() -> None:
    for path in files_of("agecam"):
        if "ui" not in path.relative_to(ROOT).parts:
            assert not any(name.startswith("agecam.ui") for name in imports_when_loaded(path)), path


def test_indirect_imports_are_found() -> None:
    assert "keras" in roots(loaded_with("training.compact.train"))
    assert "openvino" not in roots(loaded_with("agecam.engine.engine"))  # it is imported inside a function
    assert "cv2" in roots(loaded_with("agecam.engine.engine"))


@pytest.mark.parametrize("module", BACKEND_FREE)
def test_training_names_no_backend(module: str) -> None:
    assert path_of(module)
    loaded = roots(loaded_with(module))
    assert not loaded & {"tensorflow", "mtcnn", "torch", "jax"}


@pytest.mark.parametrize("module", ["agecam.runtime.environment", "agecam.errors"])
def test_the_first_modules_need_only_the_standard_library(module: str) -> None:
    """Whatever their packages import: nothing slow is needed to set the environment or to report an error."""
    waiting, seen = {module}, set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        path = path_of(name)
        waiting |= (imports_when_loaded(path) if path else set()) - seen
    assert roots(seen) <= {*sys.stdlib_module_names, "agecam"}


def test_importing_agecam_loads_only_what_its_types_need() -> None:
    heavy = roots(loaded_with("agecam")) - {*sys.stdlib_module_names, "agecam"}
    assert heavy == {"numpy"}


def test_the_command_line_starts_without_tensorflow() -> None:
    assert not roots(loaded_with("agecam.cli")) & {"tensorflow", "keras", "mtcnn", "PySide6"}
