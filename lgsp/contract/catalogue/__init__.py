"""Well-known schemas answered offline: our own minimal declarations of what contracts use of each standard, by namespace."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"
WELL_KNOWN = {
    "http://www.w3.org/XML/1998/namespace": "xml.xsd",
    "http://www.w3.org/2005/08/addressing": "wsa.xsd",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": "wsa-2004-08.xsd",
    "http://www.w3.org/2000/09/xmldsig#": "xmldsig.xsd",
    "http://www.w3.org/2001/04/xmlenc#": "xmlenc.xsd",
    "http://schemas.xmlsoap.org/soap/encoding/": "soap-encoding.xsd",
    "http://schemas.xmlsoap.org/soap/envelope/": "soap-envelope.xsd",
    "http://www.w3.org/2003/05/soap-envelope": "soap12-envelope.xsd",
    "http://schemas.xmlsoap.org/wsdl/": "wsdl.xsd",
    "http://schemas.xmlsoap.org/wsdl/soap/": "wsdl-soap.xsd",
    "http://www.w3.org/2005/05/xmlmime": "xmlmime.xsd",
    "http://www.w3.org/2004/11/xmlmime": "xmlmime-2004.xsd",
    "http://www.w3.org/2004/08/xop/include": "xop.xsd",
    "http://ws-i.org/profiles/basic/1.1/xsd": "swaref.xsd",
    "http://schemas.xmlsoap.org/ws/2004/09/policy": "ws-policy.xsd",
    f"{_WSS}utility-1.0.xsd": "wsu.xsd",
    f"{_WSS}secext-1.0.xsd": "wsse.xsd",
    "http://schemas.microsoft.com/2003/10/Serialization/": "ms-serialization.xsd",
}
