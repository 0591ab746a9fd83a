"""XML signatures, strictly: edXML's `DigitalSignature` (QCVN 102:2016/BTTTT) and WS-Security's, written and verified."""

from lgsp.signature.edxml import sign_edxml, verify_edxml
from lgsp.signature.messages import sign_soap, verify_soap
from lgsp.signature.refusal import SignatureRefused
from lgsp.signature.replays import Replays, admit
from lgsp.signature.signer import KeySigner, Signer
from lgsp.signature.strict import Verified
from lgsp.signature.trust import TrustedSigner, TrustStore

__all__ = [
    "KeySigner",
    "Replays",
    "SignatureRefused",
    "Signer",
    "TrustStore",
    "TrustedSigner",
    "Verified",
    "admit",
    "sign_edxml",
    "sign_soap",
    "verify_edxml",
    "verify_soap",
]
