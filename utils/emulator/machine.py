# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A machine whose CPU this one need not have: Bochs runs a Debian kernel, which runs guest.c on a folder of jobs."""
from __future__ import annotations

import pathlib
import shutil
import subprocess
import tarfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "emulator"
MODULES = ("scsi_mod", "scsi_common", "sd_mod", "libata", "ata_piix")
TRACK = 16 * 63 * 512  # disks are whole tracks of the geometry that Bochs guesses

INIT = """#!/bin/sh
b=/bin/busybox
$b mount -t proc none /proc
$b mount -t sysfs none /sys
$b mount -t devtmpfs none /dev
$b mount -t tmpfs -o size=95% none /tmp
for m in sd_mod ata_piix; do $b modprobe $m; done
while ! [ -b /dev/sda ] || ! [ -b /dev/sdb ]; do $b sleep 1; done
$b mkdir /tmp/data /tmp/out
$b tar x -f /dev/sda -C /tmp/data
echo AIC-START
/bin/guest /tmp/data /tmp/out
$b tar c -C /tmp/out . > /dev/sdb
$b sync
echo AIC-DONE
$b sleep 1
$b poweroff -f
"""

BOCHS = """plugin_ctrl: unmapped=0, biosdev=1, speaker=0, extfpuirq=0, parallel=0, serial=1, e1000=0
config_interface: textconfig
display_library: rfb, options="timeout=0"
cpu: model={cpu}, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
boot: cdrom
ata0: enabled=1
ata0-master: type=disk, path=data.img, mode=flat
ata0-slave: type=disk, path=out.img, mode=flat
ata1: enabled=1
ata1-master: type=cdrom, path=boot.iso, status=inserted
com1: enabled=1, mode=file, dev=serial.txt
log: bochs.log
panic: action=fatal
error: action=report
info: action=report
clock: sync=none
"""

ISOLINUX = """DEFAULT aic
PROMPT 0
LABEL aic
 KERNEL /vmlinuz
 INITRD /initrd.gz
 APPEND console=ttyS0 mitigations=off nokaslr tsc=reliable random.trust_cpu=on noxsaves clearcpuid=xsaves,xsavec,xgetbv1 quiet panic=-1
"""


def run(*command: str | pathlib.Path, cwd: pathlib.Path | None = None) -> str:
    return subprocess.run([str(c) for c in command], cwd=cwd, check=True, capture_output=True, text=True).stdout


def kernel() -> pathlib.Path:
    """The unpacked package of Debian's kernel for clouds, downloaded once."""
    folder = BUILD / "kernel"
    if not folder.exists():
        depends = run("apt-cache", "depends", "linux-image-cloud-amd64")
        package = next(line.split()[-1] for line in depends.splitlines() if "Depends:" in line)
        run("apt-get", "download", package, cwd=BUILD)
        run("dpkg-deb", "-x", next(BUILD.glob("linux-image-*.deb")), folder.with_suffix(".new"))
        folder.with_suffix(".new").rename(folder)
    return folder


def boot_image(folder: pathlib.Path) -> None:
    """boot.iso: the kernel, and a root file system with busybox, the guest, libc and the modules for disks."""
    unpacked, root, iso = kernel(), folder / "root", folder / "iso"
    for directory in ("bin", "dev", "proc", "sys", "tmp", "lib/modules", "lib64", "lib/x86_64-linux-gnu"):
        (root / directory).mkdir(parents=True)
    (iso / "isolinux").mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    (root / "bin/sh").symlink_to("busybox")
    for library in ("libc.so.6", "libm.so.6"):
        shutil.copy(f"/lib/x86_64-linux-gnu/{library}", root / "lib/x86_64-linux-gnu")
    shutil.copy("/lib64/ld-linux-x86-64.so.2", root / "lib64")
    run("clang-22", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include/aic/Runtime", HERE / "guest.c", "-o",
        root / "bin/guest", "-ldl")
    modules = next((unpacked / "lib/modules").iterdir())
    for file in modules.glob("modules.*"):
        (root / "lib/modules" / modules.name).mkdir(exist_ok=True)
        shutil.copy(file, root / "lib/modules" / modules.name)
    for file in modules.rglob("*.ko"):
        if file.stem in MODULES or file.stem.startswith(("crc", "t10")):
            target = root / "lib/modules" / modules.name / file.relative_to(modules)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    run("/sbin/depmod", "-b", root, modules.name)
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    subprocess.run("find . | cpio -o -H newc --quiet | gzip -1 > ../iso/initrd.gz", shell=True, cwd=root, check=True)
    shutil.copy(next((unpacked / "boot").glob("vmlinuz*")), iso / "vmlinuz")
    shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", iso / "isolinux")
    shutil.copy("/usr/lib/syslinux/modules/bios/ldlinux.c32", iso / "isolinux")
    (iso / "isolinux/isolinux.cfg").write_text(ISOLINUX)
    run("xorriso", "-as", "mkisofs", "-quiet", "-o", folder / "boot.iso", "-b", "isolinux/isolinux.bin", "-c",
        "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", iso)


def pad(path: pathlib.Path, least: int = 0) -> None:
    size = max(path.stat().st_size, least, TRACK)
    with path.open("r+b") as file:
        file.truncate(-(-size // TRACK) * TRACK)


def emulate(data: pathlib.Path, out: pathlib.Path, cpu: str, out_bytes: int, timeout: float) -> dict[str, str]:
    """Runs the jobs of `data` on a CPU that Bochs knows (`bochs --help cpu`). What came of each, from guest.c."""
    folder = BUILD / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    boot_image(folder)
    with tarfile.open(folder / "data.img", "w") as tar:
        tar.add(data, ".")
    pad(folder / "data.img")
    (folder / "out.img").touch()
    pad(folder / "out.img", out_bytes + (4 << 20))
    memory = 512 + 2 * ((folder / "data.img").stat().st_size >> 20)
    (folder / "bochsrc").write_text(BOCHS.format(cpu=cpu, memory=memory))
    (folder / "commands").write_text("c\n")
    start, serial = time.monotonic(), folder / "serial.txt"
    with (folder / "console.txt").open("w") as console:
        machine = subprocess.Popen(["bochs", "-q", "-f", "bochsrc", "-rc", "commands"], cwd=folder, stdout=console,
                                   stderr=console, stdin=subprocess.DEVNULL)
        shown = 0
        while machine.poll() is None and time.monotonic() - start < timeout:
            time.sleep(5)
            done = serial.read_bytes().partition(b"AIC-START")[2].count(b"\n") - 1 if serial.exists() else 0
            if done > shown:
                print(f"[{time.monotonic() - start:5.0f} s] {done} jobs", flush=True)
                shown = done
        machine.kill()
        machine.wait()
    if not serial.exists() or b"AIC-DONE" not in serial.read_bytes():
        raise SystemExit(f"error: the emulated machine did not get to its end, see {folder}/serial.txt and bochs.log")
    shutil.rmtree(out, ignore_errors=True)
    with tarfile.open(folder / "out.img") as tar:
        tar.extractall(out, filter="data")
    lines = (line.partition(" ") for line in (out / "results").read_text().splitlines())
    return {name: text.strip() for name, _, text in lines}
