"""Compiles modules with libyang 2, each once, and prints seconds and kilobytes. Asked for by the benchmark beside it.

The argument is a file that lists the modules: one path a line.
"""

import ctypes
import os
import sys
import time

NO_YANG_LIBRARY, NO_WORKING_DIRECTORY, EXPLICIT_COMPILE = 0x04, 0x10, 0x80


def status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(field))


libyang = ctypes.CDLL("libyang.so.2")
libyang.ly_ctx_load_module.restype = ctypes.c_void_p
libyang.ly_ctx_load_module.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p]
libyang.ly_log_options(0)

files = open(sys.argv[1]).read().split("\n")
names = [os.path.basename(file).split(".")[0].split("@")[0].encode() for file in files]
before = status("RssAnon")
begin = time.perf_counter()
context = ctypes.c_void_p()
options = NO_YANG_LIBRARY | NO_WORKING_DIRECTORY | EXPLICIT_COMPILE
if libyang.ly_ctx_new(None, ctypes.c_uint16(options), ctypes.byref(context)):
    sys.exit("no context")
for directory in sorted({os.path.dirname(file) for file in files}):
    libyang.ly_ctx_set_searchdir(context, directory.encode())
features = (ctypes.c_char_p * 2)(b"*", None)
refused = [name for name in names if not libyang.ly_ctx_load_module(context, name, None, features)]
if libyang.ly_ctx_compile(context):
    sys.exit("libyang does not compile the modules")
seconds = time.perf_counter() - begin
print(seconds, status("RssAnon") - before, f"refused: {b' '.join(refused).decode()}" if refused else "")
