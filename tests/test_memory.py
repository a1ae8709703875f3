"""Freed memory is at hand for the next step: page faults tell, counted by the kernel."""

import subprocess
import sys

STEPS = """
import ctypes, resource
from tunesmith.freed_memory import keep_freed_memory

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
size = 20 << 20

def step():
    blocks = [libc.malloc(size) for _ in range(4)]
    for block in blocks:
        libc.memset(block, 1, size)
    for block in blocks:
        libc.free(block)

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

step()
before = faults()
step()
default = faults() - before
keep_freed_memory()
step()
before = faults()
for _ in range(10):
    step()
print(default, faults() - before)
"""


def test_the_second_step_finds_the_memory_of_the_first() -> None:
    printed = subprocess.check_output([sys.executable, "-c", STEPS], text=True)
    default, kept = map(int, printed.split())
    assert kept < default / 10
