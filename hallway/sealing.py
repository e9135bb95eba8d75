"""What signs finished films, as the owner set it. Knows no film."""

from typing import TYPE_CHECKING

from avatar.jobs import signing
from avatar.settings import Settings
from hallway import reception

if TYPE_CHECKING:
    from avatar.media.provenance import Credentials


def finishing(chosen: Settings) -> signing.Signing | None:
    """What signs finished films; None where that is not wanted or not possible. Raises `BadRequest`.

    The owner's own credentials are tried now, so that it is not a film that finds out what ails them.
    """
    if not (chosen.sign and signing.possible()):
        return None

    def credentials() -> "Credentials":
        from avatar.media import provenance

        return provenance.credentials(chosen.data / "credentials", chain=chosen.c2pa_chain, key=chosen.c2pa_key)

    if chosen.c2pa_chain or chosen.c2pa_key:
        signing.proved(credentials())
    return signing.Signing(credentials, weights=reception.weights_of)
