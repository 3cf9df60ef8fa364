"""Runs the migrations: on the connection that `schema.upgrade` hands over, or as SQL text for `db sql`."""

from alembic import context

from mo_gateway.store.schema import VERSION_TABLE
from mo_gateway.store.tables import metadata

if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql",
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        output_buffer=context.config.output_buffer,
    )
else:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
    )

with context.begin_transaction():
    context.run_migrations()
