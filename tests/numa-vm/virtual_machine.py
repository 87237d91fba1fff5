#!/usr/bin/env python3
# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command on a real kernel that has several NUMA nodes, under QEMU.

    virtual_machine.py --shape two-nodes|four-nodes [--timeout SECONDS] -- COMMAND [ARGUMENT ...]

The machine boots a Debian kernel with the host's own file system, read-only, as its root, goes to
the current folder and runs COMMAND there as root. /run, /dev/shm and /tmp are empty and writable
(/tmp stays the host's where the current folder is in it), cgroup v2 is mounted, there is no network.
stdout is the command's output, the exit status is the command's; 77 says that something is missing.
What is measured inside means nothing: memory is equally far from everywhere.

    two-nodes    2 sockets of 2 cores, 1 GiB each
    four-nodes   4 sockets of 1 core with 2 hardware threads, 512 MiB each, distances 10, 12 and 32,
                 a network card on a PCI bus of node 2 (0000:61:00.0)

The kernel is that of $TACTUS_NUMA_KERNEL, a folder with boot/vmlinuz-* and lib/modules; by default the
one that tools/setup.sh unpacks, or the one installed here.
"""

import argparse
import gzip
import lzma
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

MODULES = ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
           "netfs", "fscache", "9pnet", "9pnet_virtio", "9p"]  # in this order; not all kernels have all
NEEDED_MODULES = {"9p", "9pnet"}  # often part of the kernel are the others
CPU = "qemu64,vendor=GenuineIntel,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
SKIP = 77
BEGIN = "@@begin"
STATUS = "@@status"

INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in MODULES; do [ -f /modules/$module.ko ] && $b insmod /modules/$module.ko; done
if ! $b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose root /root; then
    echo "the host's file system cannot be mounted"
    $b poweroff -f
fi
$b mount -t proc proc /root/proc
$b mount -t sysfs sys /root/sys
$b mount -t devtmpfs dev /root/dev
$b mkdir -p /root/dev/shm /root/dev/hugepages
for folder in FOLDERS; do $b mount -t tmpfs tmpfs /root/$folder; done
$b mount -t cgroup2 cgroup /root/sys/fs/cgroup
$b mkdir -p /root/run/home
$b cp /command /root/run/command
export HOME=/run/home TMPDIR=/run XDG_RUNTIME_DIR=/run XDG_CACHE_HOME=/run/home
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
echo "BEGIN"
$b chroot /root /bin/sh /run/command </dev/null
echo "STATUS $?"
$b poweroff -f
"""


class Missing(Exception):
    """What the machine lacks."""


def kernel_folders():
    chosen = os.environ.get("TACTUS_NUMA_KERNEL")
    if chosen:
        return [pathlib.Path(chosen)]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return [cache / "gst-tactus" / "numa-kernel", pathlib.Path("/")]


def find_kernel():
    """The image, and the folder with its modules."""
    for folder in kernel_folders():
        for image in sorted(folder.glob("boot/vmlinuz-*"), reverse=True):
            modules = folder / "lib" / "modules" / image.name.removeprefix("vmlinuz-")
            if modules.is_dir() and os.access(image, os.R_OK):
                return image, modules
    raise Missing("there is no kernel with its modules in " +
                  " or ".join(str(folder) for folder in kernel_folders()))


def module_files(folder):
    found = {}
    for path in folder.rglob("*.ko*"):
        name = path.name.split(".")[0]
        if name in MODULES and path.suffix in (".ko", ".xz"):
            data = path.read_bytes()
            found[name] = lzma.decompress(data) if path.suffix == ".xz" else data
    missing = NEEDED_MODULES - found.keys()
    if missing:
        raise Missing(f"{folder} lacks the modules {' '.join(sorted(missing))}")
    return found


def find_program(name, package):
    path = shutil.which(name)
    if path is None:
        raise Missing(f"there is no {name} (package {package})")
    return path


def require_all():
    """Raises Missing unless a machine could be booted here."""
    module_files(find_kernel()[1])
    find_program("busybox", "busybox-static")
    find_program("qemu-system-x86_64", "qemu-system-x86")


def cpio_entry(name, mode, data=b""):
    """One file of an archive in the format newc (the kernel's early-userspace documentation)."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def initial_ram_disk(modules, command, folders):
    busybox = find_program("busybox", "busybox-static")
    init = INIT.replace("MODULES", " ".join(MODULES)).replace("FOLDERS", " ".join(folders))
    init = init.replace("BEGIN", BEGIN).replace("STATUS", STATUS)
    archive = b"".join(cpio_entry(name, 0o040755) for name in
                       ("bin", "dev", "modules", "proc", "root", "sys"))
    archive += cpio_entry("bin/busybox", 0o100755, pathlib.Path(busybox).read_bytes())
    archive += cpio_entry("init", 0o100755, init.encode())
    archive += cpio_entry("command", 0o100644, command.encode())
    for name, data in module_files(modules).items():
        archive += cpio_entry(f"modules/{name}.ko", 0o100644, data)
    return gzip.compress(archive + cpio_entry("TRAILER!!!", 0), 1)


def memory(nodes, size, cpus_each):
    arguments = []
    for node in range(nodes):
        first = node * cpus_each
        arguments += ["-object", f"memory-backend-ram,id=memory{node},size={size}", "-numa",
                      f"node,nodeid={node},cpus={first}-{first + cpus_each - 1},memdev=memory{node}"]
    return arguments


def two_nodes():
    return ["-smp", "4,sockets=2,cores=2", "-m", "2G", *memory(2, "1G", 2)]


def four_nodes():
    arguments = ["-smp", "8,sockets=4,cores=1,threads=2", "-m", "2G", *memory(4, "512M", 2)]
    for near in ((0, 1), (2, 3)):
        arguments += ["-numa", f"dist,src={near[0]},dst={near[1]},val=12"]
    for far in ((0, 2), (0, 3), (1, 2), (1, 3)):
        arguments += ["-numa", f"dist,src={far[0]},dst={far[1]},val=32"]
    return arguments + [
        "-device", "pxb-pcie,id=bus2,bus_nr=0x60,bus=pcie.0,numa_node=2",
        "-device", "pcie-root-port,id=port2,bus=bus2,slot=1,chassis=1",
        "-device", "virtio-net-pci,bus=port2,romfile="]


SHAPES = {"two-nodes": two_nodes, "four-nodes": four_nodes}


def qemu_command(shape, image, disk, append):
    qemu = find_program("qemu-system-x86_64", "qemu-system-x86")
    return [qemu, "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", CPU, *SHAPES[shape](),
            "-nographic", "-nodefaults", "-no-reboot", "-serial", "stdio",
            "-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
            "-device", "virtio-9p-pci,fsdev=root,mount_tag=root,bus=pcie.0",
            "-kernel", str(image), "-initrd", str(disk),
            # On a busy host the kernel's check of its timer fails, and it panics.
            "-append", "console=ttyS0 quiet loglevel=3 panic=-1 tsc=reliable mitigations=off "
            "no_timer_check random.trust_cpu=on " + append]


def run(shape, command, timeout_s=120, append=""):
    """The exit status of `command` (a shell script) and its output. None: it did not end in time."""
    image, modules = find_kernel()
    folder = pathlib.Path.cwd()
    folders = ["dev/shm", "run"] + ([] if pathlib.Path("/tmp") in folder.parents else ["tmp"])
    script = f"cd {shlex.quote(str(folder))} || exit 1\n{command}\n"
    with tempfile.TemporaryDirectory(prefix="tactus-numa-vm-") as work:
        disk = pathlib.Path(work) / "initrd.gz"
        disk.write_bytes(initial_ram_disk(modules, script, folders))
        qemu = qemu_command(shape, image, disk, append)
        try:
            output = subprocess.run(qemu, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, timeout=timeout_s, check=False).stdout
        except subprocess.TimeoutExpired as late:
            output = late.stdout or b""
    lines = output.decode(errors="replace").replace("\r", "").split("\n")
    begin = next((i + 1 for i, line in enumerate(lines) if line.endswith(BEGIN)), 0)
    for end in range(begin, len(lines)):
        head, found, status = lines[end].partition(STATUS)
        if found:
            return int(status), "\n".join(lines[begin:end] + ([head] if head else []))
    return None, "\n".join(lines[begin:])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="two-nodes")
    parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS")
    parser.add_argument("--append", default="", help="more words for the kernel's command line")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    try:
        status, output = run(options.shape, shlex.join(options.command), options.timeout,
                             options.append)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return SKIP
    print(output)
    if status is None:
        print(f"the machine did not end within {options.timeout} s", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
