"""Writing dependency descriptors, as `liverelay.rtp.dependency_descriptor` reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.support.bits import fixed, pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.rtp.dependency_descriptor import TemplateStructure

_SYMBOLS = "-DSR"


def indications(symbols: str) -> tuple[int, ...]:
    """Return what a string like "-DSR" says of four decode targets."""
    return tuple(_SYMBOLS.index(symbol) for symbol in symbols)


@dataclass
class Chains:
    """What protects decode targets: the number of chains, and which one each target has."""

    count: int = 0
    protected_by: Sequence[int] = ()


@dataclass
class Fields:
    """The fields of one descriptor; those that are None are not there."""

    starts_frame: bool = True
    ends_frame: bool = True
    template_id: int = 0
    frame_number: int = 0
    structure: TemplateStructure | None = None
    frame_differences: Sequence[Sequence[int]] = ()
    chains: Chains = field(default_factory=Chains)
    active_targets: int | None = None
    indications: Sequence[int] | None = None
    custom_differences: Sequence[int] | None = None
    custom_chains: Sequence[int] | None = None
    target_count: int = 1

    @property
    def is_extended(self) -> bool:
        return any(
            each is not None
            for each in (
                self.structure,
                self.active_targets,
                self.indications,
                self.custom_differences,
                self.custom_chains,
            )
        )


class _BitWriter:
    def __init__(self) -> None:
        self._bits = ""

    def write(self, value: int, count: int) -> None:
        self._bits += fixed(value, count) if count else ""

    def write_non_symmetric(self, value: int, bound: int) -> None:
        bits = bound.bit_length()
        short_codes = (1 << bits) - bound
        if value < short_codes:
            self.write(value, bits - 1)
        else:
            self.write(value + short_codes, bits)

    def take(self) -> bytes:
        return pack(self._bits)


def write_dependency_descriptor(fields: Fields) -> bytes:
    """Return the value of the element (appendix A.8.1)."""
    writer = _BitWriter()
    writer.write(fields.starts_frame, 1)
    writer.write(fields.ends_frame, 1)
    writer.write(fields.template_id, 6)
    writer.write(fields.frame_number, 16)
    if not fields.is_extended:
        return writer.take()
    for part in (
        fields.structure,
        fields.active_targets,
        fields.indications,
        fields.custom_differences,
        fields.custom_chains,
    ):
        writer.write(part is not None, 1)
    target_count = fields.target_count
    if fields.structure is not None:
        target_count = len(fields.structure.decode_targets)
        _write_structure(writer, fields, fields.structure)
    if fields.active_targets is not None:
        writer.write(fields.active_targets, target_count)
    for indication in fields.indications or ():
        writer.write(indication, 2)
    if fields.custom_differences is not None:
        for difference in fields.custom_differences:
            nibbles = 1 + (difference > 16) + (difference > 256)
            writer.write(nibbles, 2)
            writer.write(difference - 1, 4 * nibbles)
        writer.write(0, 2)
    for difference in fields.custom_chains or ():
        writer.write(difference, 8)
    return writer.take()


def _write_structure(writer: _BitWriter, fields: Fields, structure: TemplateStructure) -> None:
    target_count = len(structure.decode_targets)
    writer.write(structure.template_id_offset, 6)
    writer.write(target_count - 1, 5)
    templates = structure.templates
    for before, after in pairwise(templates):
        is_higher = after[:2] != before[:2]
        writer.write(is_higher + (after.spatial_layer != before.spatial_layer), 2)
    writer.write(3, 2)
    for template in templates:
        for indication in template.indications:
            writer.write(indication, 2)
    for index in range(len(templates)):
        for each in [*fields.frame_differences, *[()] * len(templates)][index]:
            writer.write(1, 1)
            writer.write(each - 1, 4)
        writer.write(0, 1)
    _write_chains(writer, fields.chains, target_count, len(templates))
    writer.write(bool(structure.frame_sizes), 1)
    for width, height in structure.frame_sizes:
        writer.write(width - 1, 16)
        writer.write(height - 1, 16)


def _write_chains(
    writer: _BitWriter, chains: Chains, target_count: int, template_count: int
) -> None:
    writer.write_non_symmetric(chains.count, target_count + 1)
    if chains.count:
        for chain in chains.protected_by:
            writer.write_non_symmetric(chain, chains.count)
        writer.write(0, 4 * chains.count * template_count)
