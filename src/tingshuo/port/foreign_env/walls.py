"""Walls around a process that runs what strangers wrote in C++ operators: no files, network or programs beyond what it needs.

Python's own hooks do not see what a library does by itself, so the system is asked: a filter of system calls (seccomp) that this
process and all its threads keep for good. It knows nothing of Tingshuo, so that it can run in any environment.

Sources: seccomp(2); ``linux/seccomp.h``, ``linux/filter.h`` and ``linux/audit.h``; the tables of system calls of Linux,
``arch/x86/entry/syscalls/syscall_64.tbl`` and ``include/uapi/asm-generic/unistd.h``.
"""

import ctypes
import errno
import platform
import struct
import sys

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Instructions of the filter: load a word, three comparisons with a constant, and return."""
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Where in ``struct seccomp_data``."""
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_OTHER_ABI = 0x40000000
"""From here on are the calls of x32, which do the same as others under other numbers."""
_WRITES = 0o3 | 0o100 | 0o1000
"""Flags of open(2): anything but reading alone, making, emptying. Alike on both kinds of processors."""
_THREAD = 0x00010000
"""Flag of clone(2): a thread and not a process."""
_NO_NEW_PRIVILEGES, _FILTER_MODE, _ALL_THREADS = 38, 1, 1
_SECCOMP = {"x86_64": 317, "aarch64": 277}

_OPEN = {"x86_64": ((2, 1), (257, 2)), "aarch64": ((56, 2),)}
"""open and openat: number, and which argument has the flags."""
_CLONE = {"x86_64": 56, "aarch64": 220}
_LATER = {"clone3": 435, "openat2": 437}
"""Calls whose flags lie in memory, where a filter cannot look; told to be missing, the library falls back to the older ones."""
_REFUSED = """\
socket 41 198, socketpair 53 199, connect 42 203, fork 57 -, vfork 58 -, execve 59 221, execveat 322 281, kill 62 129,
tkill 200 130, ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, pidfd_send_signal 424 424,
pidfd_open 434 434, pidfd_getfd 438 438, io_uring_setup 425 425, bpf 321 280, userfaultfd 323 282, perf_event_open 298 241,
add_key 248 217, request_key 249 218, keyctl 250 219, shmget 29 194, mq_open 240 180, creat 85 -, unlink 87 -,
unlinkat 263 35, rename 82 -, renameat 264 38, renameat2 316 276, link 86 -, linkat 265 37, symlink 88 -, symlinkat 266 36,
mkdir 83 -, mkdirat 258 34, rmdir 84 -, mknod 133 -, mknodat 259 33, truncate 76 45, chmod 90 -, fchmod 91 52,
fchmodat 268 53, fchmodat2 452 452, chown 92 -, fchown 93 55, lchown 94 -, fchownat 260 54, utime 132 -, utimes 235 -,
futimesat 261 -, utimensat 280 88, mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, setxattr 188 5,
lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15, fremovexattr 199 16, unshare 272 97, setns 308 268,
open_by_handle_at 304 265, open_tree 428 428, move_mount 429 429, fsopen 430 430
"""
"""Name, number on x86-64 and on aarch64: network and other processes, and whatever changes a file that is not open."""


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def raise_walls(*, reading: bool) -> bool:
    """Take from this process, for good, network, other programs, and every change of files; what is open stays open.

    Parameters
    ----------
    reading : bool
        Whether it may still open files for reading.

    Returns
    -------
    bool
        Whether the walls stand: not every system has them.
    """
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in _ARCHITECTURES:
        return False
    code = build_filter(machine, reading=reading)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.syscall(_SECCOMP[machine], _FILTER_MODE, _ALL_THREADS, ctypes.byref(program)) == 0)


def build_filter(machine: str, *, reading: bool) -> bytes:
    """Return the filter's instructions, eight bytes each."""
    refuse = _ERRNO | errno.EPERM
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, _ARCHITECTURES[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _OTHER_ABI, 0, 1),
        _step(_RETURN, _KILL),
    ]
    for number in _LATER.values():
        steps += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _ERRNO | errno.ENOSYS)]
    for number in refused(machine).values():
        steps += [_step(_EQUAL, number, 0, 1), _step(_RETURN, refuse)]
    steps += _when(_CLONE[machine], 0, _THREAD, _ALLOW, refuse)
    for number, argument in _OPEN[machine]:
        steps += _when(number, argument, _WRITES if reading else 0, refuse, _ALLOW if reading else refuse)
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def refused(machine: str) -> dict[str, int]:
    """Return the calls that are always refused: name to number, as far as a machine has them."""
    column = 1 + list(_ARCHITECTURES).index(machine)
    rows = [row.split() for row in _REFUSED.replace("\n", " ").split(",")]
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def _when(number: int, argument: int, bits: int, has: int, has_not: int) -> list[bytes]:
    """What a call becomes by the bits of an argument of its."""
    return [
        _step(_EQUAL, number, 0, 4),
        _step(_LOAD, _ARGUMENTS + 8 * argument),
        _step(_HAS, bits, 0, 1),
        _step(_RETURN, has),
        _step(_RETURN, has_not),
    ]


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_so, if_not, value)
