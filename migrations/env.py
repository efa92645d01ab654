"""How Alembic reaches the database: the URL comes from whoever calls it."""

from alembic import context
from sqlalchemy import create_engine, pool

from app.storage import (
    channel_rows,  # noqa: F401 -- of the same metadata
    monitor_rows,  # noqa: F401 -- of the same metadata
    status_rows,  # noqa: F401 -- of the same metadata
)
from app.storage.rows import Row

url = context.config.get_main_option("sqlalchemy.url")
assert url is not None
engine = create_engine(url, poolclass=pool.NullPool)

with engine.connect() as connection:
    # Batch mode: SQLite alters a table by making it anew.
    context.configure(connection=connection, target_metadata=Row.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
