"""Instructions of classic BPF, which Linux runs for each system call: man 2 seccomp.

A program has one register, the accumulator, and ends with a return. Its data is
`struct seccomp_data` of linux/seccomp.h, read here in words of 32 bits of a little-endian machine:

    0 number of the call   4 architecture   8 instruction pointer   16 + 8 i  argument i
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

NUMBER, ARCHITECTURE, ARGUMENTS, ARGUMENT_BYTES = 0, 4, 16, 8
# linux/bpf_common.h: class, size and mode of an instruction, or its class, operation and source.
LOAD_WORD = 0x00 | 0x00 | 0x20
AND_CONSTANT = 0x04 | 0x50 | 0x00
JUMP_IF_EQUAL = 0x05 | 0x10 | 0x00
RETURN = 0x06 | 0x00 | 0x00
# struct sock_filter of linux/filter.h
INSTRUCTION = struct.Struct("=HBBI")


class Instruction(NamedTuple):
    """One instruction; the jumps count instructions to skip.

    Not a dataclass, like the other records here: each would take half a millisecond of a child's
    start.
    """

    code: int
    operand: int
    if_true: int = 0
    if_false: int = 0


Program = tuple[Instruction, ...]


def load(offset: int) -> Instruction:
    """Load the word at an offset into the accumulator."""
    return Instruction(LOAD_WORD, offset)


def load_argument(index: int) -> Instruction:
    """Load the lower 32 bits of an argument into the accumulator."""
    return load(ARGUMENTS + ARGUMENT_BYTES * index)


def keep_bits(mask: int) -> Instruction:
    """Clear the bits of the accumulator that are not in the mask."""
    return Instruction(AND_CONSTANT, mask)


def if_equal_skip(value: int, count: int) -> Instruction:
    """Skip `count` instructions if the accumulator is `value`."""
    return Instruction(JUMP_IF_EQUAL, value, if_true=count)


def unless_equal_skip(value: int, count: int) -> Instruction:
    """Skip `count` instructions, unless the accumulator is `value`."""
    return Instruction(JUMP_IF_EQUAL, value, if_false=count)


def give(result: int) -> Instruction:
    """End the program with a result."""
    return Instruction(RETURN, result)


def assembled(program: Iterable[Instruction]) -> bytes:
    """Return the program as an array of `struct sock_filter`."""
    return b"".join(
        INSTRUCTION.pack(each.code, each.if_true, each.if_false, each.operand) for each in program
    )
