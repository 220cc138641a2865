"""What the bench builds its own programs and peers with."""

import glob
import os
import platform
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# What the libraries that scripts/bench-peers fetches recommend.
PEER_FLAGS = ("-O3", "-DNDEBUG")


def fail(message):
    sys.exit(f"bench: {message}")


def output_of(command):
    """The first line of what a command prints; None when that cannot be."""
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.split("\n")[0]


def compiler():
    return shlex.split(os.environ.get("CC") or "cc")


def cpp_compiler():
    return shlex.split(os.environ.get("CXX") or "c++")


def flags():
    return shlex.split(os.environ.get("CFLAGS") or "-O2")


def build(folder, name, *libraries):
    """A program from NAME.c and NAME_*.c of this folder; its path."""
    path = os.path.join(folder, name)
    sources = [os.path.join(HERE, name + ".c"),
               *sorted(glob.glob(os.path.join(HERE, name + "_*.c")))]
    subprocess.run([*compiler(), *flags(), "-std=c11", "-D_GNU_SOURCE",
                    "-o", path, *sources, *libraries], check=True)
    return path


def build_parts(folder):
    """parts.c, with what it measures of the program."""
    source = os.path.join(os.path.dirname(os.path.dirname(HERE)), "src")
    ours = [*glob.glob(os.path.join(source, "core", "json", "*.c")),
            *(os.path.join(source, name + ".c") for name in
              ("core/lane", "core/fields", "base/buffer", "base/error",
               "base/utf8"))]
    return build(folder, "parts", "-I", source, "-fno-tree-slp-vectorize",
                 "-fno-tree-loop-distribute-patterns", *ours)


def machines():
    """The values of -march to build a peer with, the fastest is what counts:
    on cores with AVX-512 the code for AVX2 often wins."""
    return ["haswell", "native"] if "avx2" in vectors() else ["native"]


def build_simdjson(folder, sources, machine):
    path = os.path.join(folder, f"with_simdjson_{machine}")
    # Else DOM takes the code for AVX-512 where there is that, in any build.
    only = ["-DSIMDJSON_IMPLEMENTATION_ICELAKE=0"] if machine == "haswell" \
        else []
    subprocess.run([*cpp_compiler(), "-std=c++17", *PEER_FLAGS, *only,
                    f"-march={machine}", "-isystem", sources, "-o", path,
                    os.path.join(HERE, "with_simdjson.cpp"),
                    os.path.join(sources, "simdjson.cpp")], check=True)
    return path


def build_yyjson(folder, sources):
    path = os.path.join(folder, "with_yyjson")
    library = path + ".o"
    tuned = (*PEER_FLAGS, "-march=native")
    subprocess.run([*compiler(), *tuned, "-c", "-o", library,
                    os.path.join(sources, "yyjson.c")], check=True)
    subprocess.run([*cpp_compiler(), "-std=c++17", *tuned, "-isystem", sources,
                    "-o", path, os.path.join(HERE, "with_yyjson.cpp"), library],
                   check=True)
    return path


# --- the machine -------------------------------------------------------------

def _cpuinfo():
    """What the kernel says of the first core: by name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            first = file.read().split("\n\n")[0]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in
            (line.partition(":") for line in first.splitlines())}


def vectors():
    """Those of the core's vector instructions that make a difference here."""
    known = _cpuinfo().get("flags", "").split()
    return [name for name in ("avx2", "avx512bw") if name in known]


def processor():
    """Its name, which does not always tell generations apart."""
    known = _cpuinfo()
    name = known.get("model name") or known.get("Model") or platform.machine()
    details = [f"{what} {known[what]}" for what in
               ("cpu family", "model", "stepping") if what in known]
    return ", ".join([name, *details, *vectors()])
