"""Runs a seccomp filter as the kernel does, and knows the calls of both architectures."""

import struct
from functools import cache
from pathlib import Path

from shared.imaging.sandbox import bpf

TABLES = Path(__file__).with_name("syscalls")
WORD = 0xFFFFFFFF


@cache
def system_calls(machine: str) -> dict[str, int]:
    """Return the numbers of all system calls of an architecture by their names."""
    rows = TABLES.joinpath(f"{machine}.txt").read_text().splitlines()
    pairs = (row.split() for row in rows if not row.startswith("#"))
    return {name: int(number) for number, name in pairs}


def run(program: bpf.Program, architecture: int, number: int, *arguments: int) -> int:
    """Return what the filter answers to a call, as an interpreter of man 2 seccomp's BPF."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<iIQ6Q", number, architecture, 0, *padded)
    accumulator = position = 0
    while True:
        each = program[position]
        position += 1
        match each.code:
            case bpf.LOAD_WORD:
                (accumulator,) = struct.unpack_from("<I", data, each.operand)
            case bpf.AND_CONSTANT:
                accumulator &= each.operand
            case bpf.JUMP_IF_EQUAL:
                position += each.if_true if accumulator == each.operand else each.if_false
            case bpf.RETURN:
                return each.operand
            case _:
                raise AssertionError(f"unknown instruction {each}")
