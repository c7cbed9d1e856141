"""The locks of a render child, by the names that log lines and `pixfleet doctor` show."""

from enum import StrEnum


class Lock(StrEnum):
    """What a child has given up for good; no lock can be taken off again."""

    # No process of the same user can read the child's memory or trace it.
    NOT_DUMPABLE = "not_dumpable"
    # No program that it starts can have more rights.
    NO_NEW_PRIVILEGES = "no_new_privileges"
    # It reaches no path, and where the kernel knows it, no TCP port and no process.
    LANDLOCK = "landlock"
    # It opens no file, directory or socket.
    NO_NEW_DESCRIPTORS = "no_new_descriptors"
    # It calls the kernel only for memory, threads, time, and its open pipes.
    SECCOMP = "seccomp"
