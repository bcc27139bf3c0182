"""`agecam models remove`: removes a model of the current user."""

from agecam.batch.console import Console
from agecam.commands import DONE


def run_models_remove(name: str) -> int:
    """Remove a model, print what was removed, and return the exit code.

    Raises:
        UsageError: the model is built in.
        WeightsError: the user has not installed such a model.
        OutputError: a file cannot be removed.
    """
    from agecam.models.install.removing import remove_model
    from agecam.models.store import user_models

    removed = remove_model(name, user_models())
    size_mb = sum(size for _, size in removed) / 1e6
    files = ", ".join(str(path) for path, _ in removed)
    Console().result(f"{name} is removed, which frees {size_mb:,.1f} MB: {files}.")
    return DONE
