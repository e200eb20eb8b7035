"""What a machine is, for reports of what was measured on it."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Processor, cores and system of this machine, which may be client and server in one."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{(*names, platform.machine())[0]}, {os.cpu_count()} cores, {platform.system()}"
