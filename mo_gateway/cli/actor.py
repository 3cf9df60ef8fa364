"""Who sits at the command line, for the audit trail."""

import os
import pwd

from mo_gateway.store.audit import Actor


def at_the_terminal() -> Actor:
    """Name the host's account that this command runs as; also where it has no name, as in some containers."""
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        account = str(os.getuid())
    return Actor(name=f"cli:{account}")
