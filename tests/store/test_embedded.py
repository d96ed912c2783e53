"""The embedded server's life: first start, second start, kill -9, a second process, a full disk."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import ConflictError, RefusedError, UnavailableError
from carecode.store.binaries import bindir
from carecode.store.database import Database, Target
from carecode.store.embedded import DATABASE, PORT, SUPERUSER, EmbeddedPostgres
from carecode.store.migrations import create_if_missing, migrate, pending


@pytest.fixture
def cluster(ring: KeyRing, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(tmp_path / "da ta", ring.password(SUPERUSER), os.environ)
    yield embedded
    embedded.stop()


def target_of(cluster: EmbeddedPostgres, ring: KeyRing, database: str = "postgres") -> Target:
    return Target.of_socket(cluster.socket_folder, PORT, database, SUPERUSER, ring.password(SUPERUSER))


async def value(target: Target, statement: str) -> object:
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_first_start_knows_chinese_letters(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    cluster.start()
    target = target_of(cluster, ring, DATABASE)
    await create_if_missing(target)
    await migrate(target, ring.password)
    assert await value(target, "SELECT store.similarity('张伟国', '张卫国') > 0")
    assert await pending(target, ring.password) == 0


async def test_a_locale_without_chinese_letters_is_refused(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    cluster.start()
    await value(target_of(cluster, ring), "CREATE DATABASE deaf TEMPLATE template0 ENCODING UTF8 LOCALE 'C'")
    with pytest.raises(UnavailableError, match="cannot compare Chinese names"):
        await migrate(target_of(cluster, ring, "deaf"), ring.password)


async def test_it_answers_nobody_without_a_password(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    cluster.start()
    target = target_of(cluster, ring)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(**target.arguments(SUPERUSER, "guess"))
    assert cluster.socket_folder.stat().st_mode & 0o077 == 0


async def test_a_killed_server_comes_back_with_its_rows(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    cluster.start()
    await value(target_of(cluster, ring), "CREATE TABLE kept (n int)")
    await value(target_of(cluster, ring), "INSERT INTO kept SELECT generate_series(1, 100000)")
    cluster.kill()
    cluster.start()
    assert await value(target_of(cluster, ring), "SELECT count(*) FROM kept") == 100_000


def test_a_second_process_on_the_same_data_is_refused_in_plain_words(
    cluster: EmbeddedPostgres, ring: KeyRing, tmp_path: Path
) -> None:
    cluster.start()
    second = EmbeddedPostgres(tmp_path / "da ta", ring.password(SUPERUSER), os.environ)
    assert second.running_elsewhere()
    with pytest.raises(ConflictError, match="Another CareCode is running on this data folder"):
        second.start()
    assert cluster.pid is not None


def test_a_killed_parent_takes_its_server_with_it(ring: KeyRing, tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import os, sys, time
        from pathlib import Path
        from carecode.store.embedded import EmbeddedPostgres
        embedded = EmbeddedPostgres(Path(sys.argv[1]), sys.argv[2], os.environ)
        embedded.start()
        print(embedded.pid, flush=True)
        time.sleep(60)
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), ring.password(SUPERUSER)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    child.kill()
    child.wait()
    child.stdout.close()
    for _ in range(500):
        if not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text():
            break
        time.sleep(0.02)
    again = EmbeddedPostgres(tmp_path, ring.password(SUPERUSER), os.environ)
    again.start()  # whatever was left of the first one does not stand in the way
    again.stop()


FULL_DISK = """
import os, sys
from pathlib import Path
from carecode.kernel.errors import UnavailableError
from carecode.store.embedded import EmbeddedPostgres
try:
    EmbeddedPostgres(Path(sys.argv[1]), "x" * 64, os.environ).start()
except UnavailableError as error:
    print(error.code, error.message)
else:
    print("started")
"""


def on_small_disk(tmp_path: Path, size: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program whose data folder lies on a file system of that size; skip where none can be mounted."""
    mount = tmp_path / "small"
    mount.mkdir()
    script = 'mount -t tmpfs -o size="$3" none "$0" && exec "$1" -c "$2" "$0/data"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    done = subprocess.run(
        [*command, str(mount), sys.executable, program, size], capture_output=True, text=True, check=False, timeout=100
    )
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"this machine allows no private mounts: {done.stderr.strip()[:80]}")
    return done


def test_a_disk_too_small_says_so(tmp_path: Path) -> None:
    """On a file system of 20 MB: an empty cluster alone needs about 40."""
    done = on_small_disk(tmp_path, "20m", FULL_DISK)
    assert done.stdout.startswith("disk-full The disk is full."), (done.stdout, done.stderr)


FILLING = """
import os, sys, asyncio
from pathlib import Path
import asyncpg
from carecode.kernel.errors import UnavailableError
from carecode.store.database import Target, unavailable
from carecode.store.embedded import EmbeddedPostgres, PORT, SUPERUSER
folder = Path(sys.argv[1])
embedded = EmbeddedPostgres(folder, "x" * 64, os.environ, {"max_wal_size": "64MB"})
embedded.start()
target = Target.of_socket(embedded.socket_folder, PORT, "postgres", SUPERUSER, "x" * 64)
async def fill():
    connection = await asyncpg.connect(**target.arguments(SUPERUSER, "x" * 64))
    try:
        with unavailable():
            await connection.execute("CREATE TABLE t AS SELECT md5(n::text) FROM generate_series(1, 3000000) n")
    except UnavailableError as error:
        print(error.code, flush=True)
asyncio.run(fill())
embedded.kill()
try:
    embedded.start()
except UnavailableError as error:
    print(error.code)
else:
    print("restarted")
    embedded.stop()
"""


def test_a_disk_that_fills_up_says_so(tmp_path: Path) -> None:
    done = on_small_disk(tmp_path, "150m", FILLING)
    said = done.stdout.split()
    # A full WAL makes the server stop itself: then it does not answer, and says why when started again.
    assert said[0] in {"disk-full", "database-away"}, (done.stdout, done.stderr)
    assert said[1] in {"disk-full", "restarted"}, (done.stdout, done.stderr)


def test_a_folder_without_postgres_is_named() -> None:
    with pytest.raises(UnavailableError, match="CARECODE_PG_BIN"):
        bindir({"CARECODE_PG_BIN": "/nowhere"})


async def test_a_database_that_goes_away_is_unavailable_and_comes_back(
    cluster: EmbeddedPostgres, ring: KeyRing
) -> None:
    cluster.start()
    target = target_of(cluster, ring, DATABASE)
    await create_if_missing(target)
    await migrate(target, ring.password)
    database = Database(target, ring.password)
    async with database.connection("audit") as connection:
        assert await connection.fetchval("SELECT 1") == 1
    cluster.kill()
    with pytest.raises(UnavailableError, match="does not answer"):
        async with database.connection("audit") as connection:
            await connection.fetchval("SELECT 1")
    cluster.start()
    await asyncio.sleep(0)
    async with database.connection("audit") as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await database.close()


def test_a_socket_folder_that_others_may_enter_is_refused(cluster: EmbeddedPostgres) -> None:
    cluster.socket_folder.mkdir(parents=True)
    cluster.socket_folder.chmod(0o777)
    with pytest.raises(RefusedError, match="belongs to others or is open"):
        cluster.start()
