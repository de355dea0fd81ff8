# SPDX-License-Identifier: EUPL-1.2
"""The errors, one for each decision of the caller.

::

    Police2PeerError          carries what happened and what to do about it
    ├── BadInput              the user gave something that cannot be used: tell them (exit code 2)
    ├── NotAuthentic          a signature, hash or proof does not hold: stop and raise the alarm (exit code 1)
    ├── NotPermitted          no valid operation order covers this: do not publish (exit code 1)
    └── Unavailable           disk, port, clock or peer is not there now: try again later (exit code 1)

No error text may hold a title, a secret or a network address.
"""


class Police2PeerError(Exception):
    """What happened (`facts`) and what the reader can do (`remedy`); the command line prints both."""

    def __init__(self, facts: str, *, remedy: str) -> None:
        super().__init__(facts)
        self.facts = facts
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.facts} ({self.remedy})"

    def __reduce__(self) -> tuple[object, ...]:
        # An error of a worker process comes back with its facts; what `Exception` does by itself needs `args` alone.
        return _remade, (type(self), self.args, vars(self))


def _remade(kind: type[Police2PeerError], args: tuple[object, ...], told: dict[str, object]) -> Police2PeerError:
    error = kind.__new__(kind, *args)
    vars(error).update(told)
    return error


class BadInput(Police2PeerError):  # noqa: N818 - the field reads it as the decision, not as a class of error
    """The user gave something that cannot be used."""


class NotAuthentic(Police2PeerError):  # noqa: N818
    """A signature, a hash or a proof does not hold."""


class NotPermitted(Police2PeerError):  # noqa: N818
    """No operation order in force covers what was asked."""


class Unavailable(Police2PeerError):  # noqa: N818
    """Something outside is not there now: disk space, a port, a clock in step, a peer."""
