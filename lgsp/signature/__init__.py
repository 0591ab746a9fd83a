"""XML signatures, strictly: edXML's `DigitalSignature` (QCVN 102:2016/BTTTT) and WS-Security's, written and verified."""

from lgsp.signature.edxml import Claim, claim_of, sign_edxml, verify_edxml
from lgsp.signature.hollow import Hollow, hollow
from lgsp.signature.messages import sign_soap, verify_soap
from lgsp.signature.refusal import SignatureRefused
from lgsp.signature.replays import Replays, admit
from lgsp.signature.signer import KeySigner, ProgramSigner, Signer, SignerFailed
from lgsp.signature.strict import Verified
from lgsp.signature.trust import TrustedSigner, TrustFolder, TrustStore

__all__ = [
    "Claim",
    "Hollow",
    "KeySigner",
    "ProgramSigner",
    "Replays",
    "SignatureRefused",
    "Signer",
    "SignerFailed",
    "TrustFolder",
    "TrustStore",
    "TrustedSigner",
    "Verified",
    "admit",
    "claim_of",
    "hollow",
    "sign_edxml",
    "sign_soap",
    "verify_edxml",
    "verify_soap",
]
