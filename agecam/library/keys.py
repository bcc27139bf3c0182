"""Short keys instead of paths, so that a million pictures need 16 MB: which are done, and which are named twice."""

import hashlib
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

_BYTES = 16
KEY = pa.binary(_BYTES)


def key_of(path: str) -> bytes:
    """The key of a path."""
    return hashlib.blake2b(path.encode(), digest_size=_BYTES).digest()


def keys_of(paths: Iterable[str] | pa.Array) -> pa.Array:
    """The keys of paths."""
    texts = paths.to_pylist() if isinstance(paths, pa.Array) else paths
    return pa.array(map(key_of, texts), KEY)


class Seen:
    """A set of keys that grows a batch at a time."""

    def __init__(self, keys: pa.Array) -> None:
        self._chunks: list[pa.Array] = [keys]

    def new_among(self, paths: list[str]) -> list[bool]:
        """For each path of a batch, whether it is neither in the set nor earlier in the batch; all are added."""
        keys = keys_of(paths)
        found = pc.is_in(keys, value_set=pa.chunked_array(self._chunks, KEY).combine_chunks()).to_pylist()
        is_new = []
        in_batch: set[bytes] = set()
        for key, is_known in zip(keys.to_pylist(), found, strict=True):
            is_new.append(not is_known and key not in in_batch)
            in_batch.add(key)
        added = keys.filter(pa.array(is_new, pa.bool_()))
        if len(added):
            self._chunks = [pa.concat_arrays([*self._chunks, added])]
        return is_new
