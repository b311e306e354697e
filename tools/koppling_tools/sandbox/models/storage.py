"""What the sandbox remembers: files and fine-tuning jobs, in one SQLite database, and the files' bytes beside it."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Final

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS files (place INTEGER PRIMARY KEY, id TEXT UNIQUE, about TEXT);
CREATE TABLE IF NOT EXISTS jobs (place INTEGER PRIMARY KEY, id TEXT UNIQUE, about TEXT, deleted INTEGER DEFAULT 0);
"""


class Store:
    """Files and jobs, in the order they were made. Each is a JSON object under its `id`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "files"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "sandbox.sqlite3", check_same_thread=False)
        self._database.executescript(_TABLES)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def add_file(self, content: bytes, filename: str, purpose: str, lives: int | None = None) -> dict[str, Any]:
        """Keep a file; `lives` is after how many seconds it expires. Returns its object in OpenAI's shape."""
        now = int(time.time())
        about: dict[str, Any] = {
            "id": f"file-{secrets.token_hex(12)}",
            "object": "file",
            "bytes": len(content),
            "created_at": now,
            "expires_at": now + lives if lives else None,
            "filename": filename,
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
        }
        self.path(about["id"]).write_bytes(content)
        self._insert("files", about)
        return about

    def files(self) -> list[dict[str, Any]]:
        """Return the files that have not expired, oldest first."""
        now = time.time()
        return [one for one in self._all("files") if not one["expires_at"] or one["expires_at"] > now]

    def file(self, name: str) -> dict[str, Any] | None:
        """Return a file by its id."""
        return next((one for one in self.files() if one["id"] == name), None)

    def path(self, name: str) -> Path:
        """Return where the bytes of a file that was found lie."""
        return self._folder / name

    def delete_file(self, name: str) -> None:
        """Forget a file that was found."""
        with self._lock, self._database:
            self._database.execute("DELETE FROM files WHERE id = ?", (name,))
        self.path(name).unlink(missing_ok=True)

    def add_job(self, about: dict[str, Any]) -> None:
        """Keep a job."""
        self._insert("jobs", about)

    def jobs(self, *, deleted: bool = True) -> list[dict[str, Any]]:
        """Return the jobs, oldest first; without `deleted`, those whose model was not deleted."""
        return self._all("jobs", "" if deleted else "WHERE deleted = 0")

    def job(self, name: str) -> dict[str, Any] | None:
        """Return a job by its id."""
        return next((one for one in self._all("jobs") if one["id"] == name), None)

    def replace_job(self, about: dict[str, Any]) -> None:
        """Keep a job in place of what it was."""
        with self._lock, self._database:
            self._database.execute("UPDATE jobs SET about = ? WHERE id = ?", (json.dumps(about), about["id"]))

    def delete_model_of(self, job: str) -> None:
        """Note that the model that a job made was deleted."""
        with self._lock, self._database:
            self._database.execute("UPDATE jobs SET deleted = 1 WHERE id = ?", (job,))

    def _insert(self, table: str, about: dict[str, Any]) -> None:
        with self._lock, self._database:
            self._database.execute(
                f"INSERT INTO {table} (id, about) VALUES (?, ?)",  # noqa: S608  (one of two names above)
                (about["id"], json.dumps(about)),
            )

    def _all(self, table: str, where: str = "") -> list[dict[str, Any]]:
        with self._lock:
            rows = self._database.execute(
                f"SELECT about FROM {table} {where} ORDER BY place"  # noqa: S608  (both from this class)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]
