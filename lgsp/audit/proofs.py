"""Proofs over the tree of evidence (RFC 6962 section 2.1, RFC 9162 sections 2.1.3 and 2.1.4), pure.

A consistency proof needs nothing below the older tree's frontier, so it is made of that frontier and the entries behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from lgsp.audit.chain import Frontier, node


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree of these leaf hashes."""
    if not 0 <= index < len(leaves):
        raise ValueError("no such leaf")
    if len(leaves) == 1:
        return []
    half = _split(len(leaves))
    if index < half:
        return [*inclusion(leaves[:half], index), root_of(leaves[half:])]
    return [*inclusion(leaves[half:], index - half), root_of(leaves[:half])]


def consistency(old: Frontier, behind: Sequence[bytes]) -> list[bytes]:
    """That the tree of `old` is the beginning of the one that has the leaf hashes `behind` added."""
    size = old.size + len(behind)
    if old.size in (0, size):
        return []
    full = _full_subtrees(old)

    def between(start: int, end: int) -> bytes:
        """The hash of a range: a full subtree of the old tree, or one that begins behind it."""
        if start >= old.size:
            return root_of(behind[start - old.size : end - old.size])
        return full[start, end]

    def walk(start: int, end: int, *, whole: bool) -> list[bytes]:
        if end == old.size:
            return [] if whole else [between(start, end)]
        half = start + _split(end - start)
        if old.size <= half:
            return [*walk(start, half, whole=whole), between(half, end)]
        return [*walk(half, end, whole=False), between(start, half)]

    return walk(0, size, whole=True)


def check_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf_hash
    for each in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node(each, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node(found, each)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def check_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162 section 2.1.4.2; the empty tree is the beginning of every tree."""
    if old > new or old < 0:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == Frontier().root()
    rest = list(path)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    first = second = rest[0]
    for each in rest[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            first, second = node(each, first), node(each, second)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            second = node(second, each)
        here, last = here >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def root_of(leaves: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    for each in leaves:
        frontier.add(each)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _full_subtrees(old: Frontier) -> dict[tuple[int, int], bytes]:
    """Ranges whose hash the frontier knows: its full subtrees, and what they make up from any of them to the end."""
    starts: list[int] = []
    start = 0
    for bit in reversed(range(old.size.bit_length())):
        if old.size >> bit & 1:
            starts.append(start)
            start += 1 << bit
    known: dict[tuple[int, int], bytes] = {}
    for position, begin in enumerate(starts):
        end = starts[position + 1] if position + 1 < len(starts) else old.size
        known[begin, end] = old.roots[position]
    joined = b""
    for position in reversed(range(len(starts))):
        joined = node(old.roots[position], joined) if joined else old.roots[position]
        known[starts[position], old.size] = joined
    return known
