"""Which messages are claimed, so that those which a dead worker leaves behind can be taken one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "mo_handling",
        sa.Column(
            "is_claimed",
            sa.Boolean(create_constraint=False),
            server_default=sa.text("false"),
            nullable=False,
            comment="True from a claim until somebody has said what became of that try.",
        ),
    )
