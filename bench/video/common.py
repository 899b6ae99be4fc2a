"""Small helpers shared by the video/image copy-recognition bench (own code, stdlib only)."""

import os
import subprocess
import sys
import tempfile
import json

VIDEO_EXT = (".mp4", ".mkv", ".webm", ".avi", ".mpg", ".ts", ".mov", ".ogv")
IMAGE_EXT = (".jpg", ".jpeg", ".png", ".webp")


def probe(path):
    """(duration, width, height) of the first video stream, by ffprobe."""
    out = subprocess.run(
        [
            "ffprobe",
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            "stream=width,height:format=duration",
            "-of",
            "json",
            path,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    j = json.loads(out)
    s = j["streams"][0]
    return float(j["format"]["duration"]), int(s["width"]), int(s["height"])


def files_in(folder, ext):
    if not os.path.isdir(folder):
        return []
    return sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.lower().endswith(ext))


def run_cpu(cmd):
    """Run cmd; (returncode, stdout, stderr, CPU seconds of it and of the children it waited for). Safe in threads."""
    with tempfile.TemporaryFile() as so, tempfile.TemporaryFile() as se:
        p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=so, stderr=se)
        _, status, ru = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        so.seek(0)
        se.seek(0)
        return p.returncode, so.read().decode(), se.read().decode(errors="replace"), ru.ru_utime + ru.ru_stime


def log(*a):
    print(*a, file=sys.stderr, flush=True)
