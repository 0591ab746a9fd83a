"""How a signature is refused: the error of the one table, with the rule that does not hold and never a value."""

from __future__ import annotations

from lgsp.errors import InvalidSignature
from lgsp.model import FieldError, Text

SignatureRefused = InvalidSignature

RULES: dict[str, Text] = {
    "missing": Text("Văn bản chưa được ký số", "The document is not signed"),
    "structure": Text(
        "Cấu trúc chữ ký hoặc văn bản không đúng quy định", "The signature or document is not built as ruled"
    ),
    "one": Text("Phải có đúng một chữ ký ở đúng vị trí", "There must be exactly one signature, in its place"),
    "id": Text("Thuộc tính định danh bị trùng", "An id stands twice"),
    "reference": Text(
        "Chữ ký không phủ đúng các phần phải ký", "The signature does not cover exactly the parts that must be signed"
    ),
    "algorithm": Text("Thuật toán không được phép", "The algorithm is not allowed"),
    "sha1": Text("SHA-1 không còn được chấp nhận", "SHA-1 is not accepted any more"),
    "hmac": Text("Khoá đối xứng không dùng để ký văn bản", "A shared secret signs no document"),
    "key": Text("Chứng thư không có trong kho tin cậy", "The certificate is not in the trust store"),
    "expired": Text("Chứng thư hết hạn hoặc chưa có hiệu lực", "The certificate is expired or not valid yet"),
    "revoked": Text("Chứng thư đã bị thu hồi", "The certificate is revoked"),
    "organ": Text("Chứng thư không phải của đơn vị gửi", "The certificate is not the sender's"),
    "value": Text("Chữ ký không đúng", "The signature does not hold"),
    "digest": Text("Nội dung đã bị thay đổi sau khi ký", "The content was changed after it was signed"),
    "stale": Text("Thông điệp ký đã quá hạn", "The signed message is too old or from the future"),
    "replayed": Text("Thông điệp ký đã được dùng", "The signed message was used before"),
}
"""Every rule and its sentence."""


def refused(rule: str) -> InvalidSignature:
    return InvalidSignature(RULES[rule], errors=(FieldError("", f"signature:{rule}"),))
