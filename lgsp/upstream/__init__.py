"""Where backends live and how one gets in there: dances per manner, and the driver that plays them."""

from lgsp.upstream.dances import (
    MANNERS,
    Credential,
    Dance,
    SignInRefused,
    client_credentials,
    password_grant,
    xroad_login,
)
from lgsp.upstream.door import PAUSE_SECONDS, CredentialRefused, Upstreams, UpstreamUnavailable

__all__ = [
    "MANNERS",
    "PAUSE_SECONDS",
    "Credential",
    "CredentialRefused",
    "Dance",
    "SignInRefused",
    "UpstreamUnavailable",
    "Upstreams",
    "client_credentials",
    "password_grant",
    "xroad_login",
]
