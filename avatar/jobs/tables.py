"""The job database: its tables, and how they are opened, read and written. Knows no job's meaning.

SQLite in WAL mode when the address is a file, PostgreSQL else; DBOS keeps its own tables beside ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from avatar.disk import storage_errors
from avatar.errors import DatabaseGone, StorageError

VERSION = 2
SCHEMA_LOCK = 0x617661746172  # "avatar"
BUSY = 10_000  # milliseconds that a writer waits for the others

meta = sa.MetaData()
Text, Whole, Real = sa.Text, sa.BigInteger, sa.Double

schema = sa.Table("avatar_schema", meta, sa.Column("version", Whole, primary_key=True))

jobs = sa.Table(
    "avatar_jobs",
    meta,
    sa.Column("id", Text, primary_key=True),
    sa.Column("client", Text, nullable=False),
    sa.Column("priority", Whole, nullable=False),
    sa.Column("tag", Whole, nullable=False),
    sa.Column("weight", Real, nullable=False),
    sa.Column("request", Text, nullable=False),
    sa.Column("timeout", Real),
    sa.Column("webhook", Text),
    sa.Column("created_at", Real, nullable=False),
    sa.Column("started_at", Real),
    sa.Column("completed_at", Real),
    sa.Column("expires_at", Real),
    sa.Column("status", Text, nullable=False),
    sa.Column("stage", Text),
    sa.Column("progress", Real, nullable=False, default=0.0),
    sa.Column("seconds", Real, nullable=False, default=0.0),
    sa.Column("fallbacks", Text, nullable=False, default="[]"),
    sa.Column("outcome", Text),
    sa.Column("error", Text),
    sa.Column("cancel", sa.Boolean, nullable=False, default=False),
    sa.Column("forgotten", sa.Boolean, nullable=False, default=False),
    sa.Column("size", Whole, nullable=False, default=0),
    sa.Column("told", Whole, nullable=False, default=0),
    sa.Column("attempts", Whole, nullable=False, default=0),
    sa.Column("run", Text),
    sa.Column("worker", Text),
    sa.Column("place", Text, nullable=False, default="jobs"),
    sa.Index("avatar_jobs_queue", "status", "priority", "tag", "id"),
    sa.Index("avatar_jobs_client", "client", "status"),
    sa.Index("avatar_jobs_ended", "completed_at"),
)
"""`tag` is the fair-share turn, `weight` the seconds of film that are expected, `run` names the attempt that may write,
`told` is the number of the last event, `size` the bytes that are kept for it, `place` the queue in
which it waits, or waited last."""

stages = sa.Table(
    "avatar_stages",
    meta,
    sa.Column("job", Text, primary_key=True),
    sa.Column("number", Whole, primary_key=True, autoincrement=False),
    sa.Column("key", Text, nullable=False),
    sa.Column("record", Text, nullable=False),
)
"""What the stages of unfinished jobs came to, in their order. `key` says of what brief."""

glimpses = sa.Table(
    "avatar_glimpses",
    meta,
    sa.Column("job", Text, primary_key=True),
    sa.Column("picture", sa.LargeBinary, nullable=False),
)
"""The last small JPEG of what each job at work is making."""

keys = sa.Table(
    "avatar_keys",
    meta,
    sa.Column("client", Text, primary_key=True),
    sa.Column("key", Text, primary_key=True),
    sa.Column("digest", Text, nullable=False),
    sa.Column("job", Text, nullable=False),
    sa.Column("at", Real, nullable=False),
)

clients = sa.Table(
    "avatar_clients",
    meta,
    sa.Column("client", Text, primary_key=True),
    sa.Column("tokens", Real, nullable=False),
    sa.Column("at", Real, nullable=False),
)
"""What is left of each client's rate."""

turns = sa.Table(
    "avatar_turns", meta, sa.Column("priority", Whole, primary_key=True), sa.Column("now", Whole, nullable=False)
)
"""The virtual time of each priority: the tag of the job that was started last."""

events = sa.Table(
    "avatar_events",
    meta,
    sa.Column("seq", Whole().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("job", Text, nullable=False),
    sa.Column("number", Whole, nullable=False),
    sa.Column("at", Real, nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("data", Text, nullable=False),
    sa.Index("avatar_events_job", "job", "number", unique=True),
)

uploads = sa.Table(
    "avatar_uploads",
    meta,
    sa.Column("id", Text, primary_key=True),
    sa.Column("kind", Text, nullable=False),
    sa.Column("blob", Text, nullable=False),
    sa.Column("size", Whole, nullable=False),
    sa.Column("client", Text, nullable=False),
    sa.Column("consent", sa.Boolean, nullable=False),
    sa.Column("created_at", Real, nullable=False),
    sa.Column("expires_at", Real, nullable=False),
)

workers = sa.Table(
    "avatar_workers",
    meta,
    sa.Column("id", Text, primary_key=True),
    sa.Column("slots", Whole, nullable=False),
    sa.Column("stages", Text, nullable=False),
    sa.Column("general", sa.Boolean, nullable=False),
    sa.Column("seen_at", Real, nullable=False),
)
"""Who works. `stages` is a JSON list of what this one does on an accelerator, as stage/backend; a worker that is not
`general` takes only jobs that need that."""

paces = sa.Table(
    "avatar_paces",
    meta,
    sa.Column("stage", Text, primary_key=True),
    sa.Column("times", Whole, nullable=False),
    sa.Column("seconds", Real, nullable=False),
    sa.Column("pace", Real, nullable=False),
)
"""Measured stage times: how many, in all, and a moving mean of seconds for each unit of request size, or for each
request where a stage takes as long however much is said."""

totals = sa.Table(
    "avatar_totals", meta, sa.Column("status", Text, primary_key=True), sa.Column("times", Whole, nullable=False)
)

webhooks = sa.Table(
    "avatar_webhooks",
    meta,
    sa.Column("id", Text, primary_key=True),
    sa.Column("job", Text, nullable=False),
    sa.Column("url", Text, nullable=False),
    sa.Column("event", Text, nullable=False),
    sa.Column("at", Real, nullable=False),
    sa.Column("attempt", Whole, nullable=False),
    sa.Column("next_at", Real, nullable=False),
    sa.Index("avatar_webhooks_due", "next_at"),
)


class Database:
    """Connections to one database. Everything raises `StorageError` when it can't be reached or written."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lite = url.startswith("sqlite")
        with database_errors():
            self._engine = _open(url)
            self._make()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for looking only."""
        with database_errors(), self._engine.connect() as found:
            yield found

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction: committed when the `with` ends well, undone otherwise. One writer at a time on SQLite."""
        with database_errors(), self._engine.connect() as found:
            if self.lite:
                found.exec_driver_sql("BEGIN IMMEDIATE")
            yield found
            found.commit()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _make(self) -> None:
        with self.write() as found:
            if not self.lite:
                found.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))
            meta.create_all(found)
            version = found.scalar(sa.select(sa.func.max(schema.c.version)))
            if version is None:
                found.execute(schema.insert().values(version=VERSION))
            elif version != VERSION:
                raise StorageError(
                    f"The job database has version {version}, and this program needs {VERSION}. Use the program that"
                    " made it, or another database."
                )


def address(data: Path, database_url: str) -> str:
    """SQLAlchemy's address of the database: that of the settings, else a file in the data folder."""
    for scheme in ("postgres://", "postgresql://"):
        if database_url.startswith(scheme):
            return "postgresql+psycopg://" + database_url.removeprefix(scheme)
    return database_url or f"sqlite:///{data / 'jobs.sqlite'}"


def _open(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        arguments = {"connect_timeout": 3, "application_name": "avatar"}
        return sa.create_engine(url, pool_pre_ping=True, pool_size=5, pool_timeout=10, connect_args=arguments)
    file = Path(sa.make_url(url).database or "jobs.sqlite")
    with storage_errors(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, pool_size=5, pool_timeout=10)
    event.listen(engine, "connect", _tune)
    return engine


def _tune(connection: sa.engine.interfaces.DBAPIConnection, record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `write` does
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY}", "journal_mode=WAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    relax(connection, record)


def relax(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    """Have SQLite sync at checkpoints only. No death of a process costs anything then; a power cut may cost seconds."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


@contextmanager
def database_errors() -> Iterator[None]:
    """What the database refuses, as a `StorageError` that says what to do."""
    try:
        yield
    except (IntegrityError, DataError, NotSupportedError, ProgrammingError):  # what we asked was wrong, not the place
        raise
    except (DBAPIError, PoolTimeout) as error:
        if "full" in str(error.orig if isinstance(error, DBAPIError) else "").lower():
            raise StorageError(
                "The disk of the job database is full. Free some space there, then ask again."
            ) from error
        raise DatabaseGone("The job database can't be reached now. Try again in a while.") from error
