"""A real PgBouncer in front of the tests' PostgreSQL server, in its session mode."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from tests.adapters import pgserver

MISSING = "the tests need a real pooler: install the package pgbouncer"


@contextmanager
def running(server: pgserver.Server, url: str) -> Iterator[str]:
    """Yields a URL that reaches the database at `url` through PgBouncer."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    assert program, MISSING
    name = conninfo_to_dict(url)["dbname"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    directory = Path(tempfile.mkdtemp(prefix="pgbouncer"))
    try:
        settings = directory / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n{name} = host={server.directory} user={pgserver.RUNNER}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = session\n"
        )
        user = pgserver.user_for(directory)
        drop = [] if user is None else ["setpriv", f"--reuid={user}", "--clear-groups"]
        command = [*drop, program, "-q", str(settings)]
        with subprocess.Popen(command, cwd=directory, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(port, process)
                yield f"postgresql://{pgserver.RUNNER}@127.0.0.1:{port}/{name}"
            finally:
                process.kill()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "pgbouncer ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("pgbouncer does not answer")
