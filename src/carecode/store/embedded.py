"""The embedded PostgreSQL: one cluster in the data folder, a direct child of this process.

It listens on a socket in a folder of mode 0700 only, asks every role for its password (SCRAM),
and stops when this process stops, even by kill -9 (``setpriv --pdeathsig``).  As root the server
runs in a user namespace of its own, because PostgreSQL refuses uid 0.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from carecode.kernel.errors import ConflictError, RefusedError, UnavailableError
from carecode.store.binaries import bindir

if TYPE_CHECKING:
    from collections.abc import Mapping

SUPERUSER: Final = "carecode_bootstrap"
DATABASE: Final = "carecode"
PORT: Final = 5432
CLUSTER_BYTES_MIN: Final = 120 << 20  # an empty cluster with its first WAL files
WAL_FILE_BYTES: Final = 16 << 20
START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 30.0
_SOCKET_PATH_MAX: Final = 107
_NOBODY: Final = "65534"
_LOG_TAIL_BYTES: Final = 4000
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    # No statement, parameter or value may reach the server's log.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_statement": "none",
}


class EmbeddedPostgres:
    """One PostgreSQL cluster that belongs to one data folder."""

    def __init__(
        self, data: Path, password: str, environment: Mapping[str, str], settings: Mapping[str, str] | None = None
    ) -> None:
        """Describe the cluster; nothing is started yet."""
        self.folder = data / "postgres"
        self.log_path = data / "postgres.log"
        self.socket_folder = _socket_folder(data)
        self._lock_path = data / "postgres.lock"
        self._password = password
        self._bin = bindir(environment)
        self._settings = {**_SETTINGS, **(settings or {}), "unix_socket_directories": str(self.socket_folder)}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while this object runs it."""
        return self._process.pid if self._process else None

    def running_elsewhere(self) -> bool:
        """Tell whether another process holds this data folder's server."""
        if self._lock is not None or not self._lock_path.exists():
            return False
        with self._lock_path.open("rb") as handle:
            return not _try_lock(handle)

    def start(self) -> None:
        """Start the server, creating the cluster on first use; return when it accepts connections.

        Raises ConflictError when another CareCode uses the data folder, UnavailableError in plain
        words when PostgreSQL does not come up (full disk, missing rights).
        """
        self._take_lock()
        try:
            if not (self.folder / "PG_VERSION").exists():
                self._initialise()
            self._stop_orphan()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down cleanly (fast mode) and give the data folder free."""
        process, self._process = self._process, None
        if process and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def died(self) -> bool:
        """Tell whether the server that this object started has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def revive(self) -> None:
        """Start a server that died again; its crash recovery loses nothing that was committed."""
        if self.died:
            self._launch()

    def kill(self) -> None:
        """Kill the server at once, as a power cut of the process would (for drills)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.stop()

    def _take_lock(self) -> None:
        self._lock_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = self._lock_path.open("ab")
        if not _try_lock(handle):
            handle.close()
            raise ConflictError(
                "data-in-use",
                "Another CareCode is running on this data folder. Stop it first, or choose another with --data.",
            )
        self._lock = handle

    def _initialise(self) -> None:
        """Run initdb into a sibling folder and rename it: a half-made cluster is never mistaken for one."""
        fresh = self.folder.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        if shutil.disk_usage(fresh.parent).free < CLUSTER_BYTES_MIN:
            raise _unavailable("No space left on device")  # initdb may die of it without a word
        with tempfile.NamedTemporaryFile("w", dir=self.folder.parent, prefix="pw") as secret:
            secret.write(self._password)
            secret.flush()
            command = [
                *_privileges(),
                str(self._bin / "initdb"),
                *("--pgdata", str(fresh), "--username", SUPERUSER, f"--pwfile={secret.name}"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=scram-sha-256", "--auth-host=reject"),
                "--no-instructions",
            ]
            done = subprocess.run(command, env=_environment(self.folder.parent), capture_output=True, check=False)  # noqa: S603
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise _unavailable(done.stderr.decode(errors="replace"))
        fresh.rename(self.folder)

    def _launch(self) -> None:
        _make_private(self.socket_folder)
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [*_privileges(die_with_parent=True), str(self._bin / "postgres"), "-D", str(self.folder), *options]
        with self.log_path.open("ab") as log:
            offset = log.tell()
            # A session of its own keeps Ctrl-C from reaching the server before our own clean stop.
            self._process = subprocess.Popen(  # noqa: S603
                command, env=_environment(self.folder.parent), stdout=log, stderr=log, start_new_session=True
            )
        self._wait_ready(self._process, offset)

    def _wait_ready(self, process: subprocess.Popen[bytes], log_offset: int) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        pid_file = self.folder / "postmaster.pid"
        while time.monotonic() < deadline:
            if process.poll() is not None:
                # On a full disk the server cannot even write why it stopped.
                full = shutil.disk_usage(self.folder).free < WAL_FILE_BYTES
                raise _unavailable("No space left on device" if full else _tail(self.log_path, log_offset))
            with contextlib.suppress(OSError):
                lines = pid_file.read_text().splitlines()
                # Line 1 is the server's pid, line 8 its state (src/backend/utils/init/miscinit.c).
                if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":  # noqa: PLR2004
                    return
            time.sleep(0.01)
        raise UnavailableError("postgres-slow", "PostgreSQL did not become ready within a minute. Try again.")

    def _stop_orphan(self) -> None:
        """End a server whose parent was killed where ``setpriv`` is missing; we hold the lock, so it is ours."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.folder / "postmaster.pid").read_text().splitlines()[0])
            command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if str(self.folder).encode() not in command_line.split(b"\0"):
                return
            os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while time.monotonic() < deadline and Path(f"/proc/{pid}/cmdline").read_bytes():
                time.sleep(0.02)


def _tail(path: Path, offset: int) -> str:
    """Return the end of what a log got since ``offset``."""
    with path.open("rb") as log:
        log.seek(max(offset, log.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
        return log.read().decode(errors="replace")


def _environment(home: Path) -> dict[str, str]:
    # HOME: the root user's own makes libpq fail in the namespace; LC_ALL: the locale of initdb.
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C.UTF-8"}


def _privileges(*, die_with_parent: bool = False) -> list[str]:
    """Return the words before the command that drop root and tie the server's life to ours."""
    words: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("unshare") is None:
            raise UnavailableError(
                "root-needs-unshare",
                "PostgreSQL refuses to run as root. Install util-linux (unshare), or run as a plain user.",
            )
        words += ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"]
    if die_with_parent and shutil.which("setpriv") is not None:
        words += ["setpriv", "--pdeathsig", "INT"]
    return words


def _socket_folder(data: Path) -> Path:
    """Return a private folder whose socket path fits into 107 bytes (sockaddr_un)."""
    folder = data / "run"
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock")) <= _SOCKET_PATH_MAX:
        return folder
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"carecode-{os.geteuid()}-{digest}"


def _make_private(folder: Path) -> None:
    """Make a folder that only we may use; RefusedError when somebody else made it first, or opened it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) != stat.S_IRWXU or folder.is_symlink():
        raise RefusedError(
            "socket-folder", "The folder for PostgreSQL's socket belongs to others or is open to them. Choose --data."
        )


def _try_lock(handle: IO[bytes]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


_EXPLAINED: Final = (
    ("No space left on device", "disk-full", "The disk is full. Free some space, then start again; nothing was lost."),
    (
        "Permission denied",
        "no-rights",
        "PostgreSQL may not use the data folder. Choose another with --data.",
    ),
    ("Operation not permitted", "no-namespace", "This machine forbids user namespaces. Run as a plain user, not root."),
    ("lock file", "data-in-use", "A PostgreSQL server already runs on this data folder. Stop it, or choose --data."),
    ("incompatible with server", "old-data", "The data folder was made by another major version of PostgreSQL."),
)


def _unavailable(text: str) -> UnavailableError:
    for part, code, message in _EXPLAINED:
        if part in text:
            return UnavailableError(code, message)
    last = text.strip().splitlines()[-1:] or ["no reason given"]
    return UnavailableError("postgres-failed", f"PostgreSQL did not start: {last[0]}")
