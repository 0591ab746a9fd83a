"""Merkle proofs against the vectors that the reference tests of Certificate Transparency publish, and against each other."""

from __future__ import annotations

import pytest

from lgsp.audit.chain import Frontier, leaf
from lgsp.audit.proofs import check_consistency, check_inclusion, consistency, inclusion, root_of

LEAVES = [
    leaf(bytes.fromhex(each))
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_A, _B, _C = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
)
_D, _E, _F = (
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
)
INCLUSION = {(0, 8): [_A, _B, _C], (5, 8): [_D, _E, ROOTS[3]], (2, 3): [ROOTS[1]], (1, 5): [ROOTS[0], _B, _D]}
"""(leaf from 0, size) -> path."""
CONSISTENCY = {(1, 1): [], (1, 8): [_A, _B, _C], (6, 8): [_F, _E, ROOTS[3]], (2, 5): [_B, _D]}


def frontier(size: int, leaves: list[bytes] = LEAVES) -> Frontier:
    made = Frontier()
    for each in leaves[:size]:
        made.add(each)
    return made


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_published_inclusion_proofs() -> None:
    for (index, size), path in INCLUSION.items():
        assert [each.hex() for each in inclusion(LEAVES[:size], index)] == path
        assert check_inclusion(LEAVES[index], index, size, [*map(bytes.fromhex, path)], bytes.fromhex(ROOTS[size - 1]))


def test_published_consistency_proofs() -> None:
    for (old, new), path in CONSISTENCY.items():
        assert [each.hex() for each in consistency(frontier(old), LEAVES[old:new])] == path
        roots = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1])
        assert check_consistency(old, new, [*map(bytes.fromhex, path)], *roots)


def test_every_proof_up_to_a_size_holds_and_no_changed_one() -> None:
    leaves = [leaf(bytes([number])) for number in range(33)]
    roots = [root_of(leaves[:size]) for size in range(34)]
    for new in range(1, 34):
        for index in range(new):
            path = inclusion(leaves[:new], index)
            assert check_inclusion(leaves[index], index, new, path, roots[new])
            assert not check_inclusion(leaves[index], index, new, [*path, roots[1]], roots[new])
            for other in range(new):
                if other != index:
                    assert not check_inclusion(leaves[index], other, new, path, roots[new])
        for old in range(new + 1):
            path = consistency(frontier(old, leaves), leaves[old:new])
            assert check_consistency(old, new, path, roots[old], roots[new])
            assert not check_consistency(old, new, [*path, roots[1]], roots[old], roots[new])
            if path:
                assert not check_consistency(old, new, path[:-1], roots[old], roots[new])
                assert not check_consistency(old, new, path, roots[old], roots[new - 1])
                for place in range(len(path)):
                    bent = [*path[:place], bytes(32), *path[place + 1 :]]
                    assert not check_consistency(old, new, bent, roots[old], roots[new])


def test_what_makes_no_sense_is_no_proof() -> None:
    root = root_of(LEAVES)
    assert not check_inclusion(LEAVES[0], 8, 8, [], root)
    assert not check_inclusion(LEAVES[0], -1, 8, [], root)
    assert not check_consistency(8, 6, [], root, root)
    assert not check_consistency(-1, 6, [], root, root)
    assert not check_consistency(6, 8, [], root, root)
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion(LEAVES, 8)
