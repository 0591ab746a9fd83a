"""Whose turn is it? The one error tree and the one table that both faces read.

    LgspError
    ├─ CallerFault      the agency must change something
    ├─ PolicyFault      somebody must decide something
    ├─ ProviderFault    the database said no, in its own words
    ├─ Unavailable      wait
    └─ BusFault         ours

A leaf is a class with a code; `fault_domain` says where the fault lies, `retryable` whether the same call may succeed
later unchanged. Messages are for people; they name paths and rules, never values (RULES 25).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from lgsp.model import FieldError, Text

FaultDomain = Literal["caller", "policy", "bus", "network", "backend"]


class Told(Exception):
    """Something refused to a person, in both languages and without any secret; as text both stand, English first."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en if vi == en else f"{en} ({vi})")
        self.said = Text(vi, en)

    @property
    def both(self) -> tuple[str, str]:
        return self.said.vi, self.said.en


class LgspError(Exception):
    """Root of the tree. Instances carry what the caller may know; class attributes are the table."""

    code: ClassVar[str]
    status: ClassVar[int]
    fault_domain: ClassVar[FaultDomain]
    retryable: ClassVar[bool] = False
    title: ClassVar[Text]

    def __init__(
        self,
        detail: Text | str | None = None,
        *,
        errors: tuple[FieldError, ...] = (),
        provider: tuple[str, str] | None = None,
        retry_after: float | None = None,
        submission: str | None = None,
    ) -> None:
        super().__init__(self.code)  # str() of an error is its code: exception text may be logged by others
        self.detail = Text(detail, detail) if isinstance(detail, str) else detail
        self.errors = errors
        self.provider = provider
        """(code, message) in the ministry's own words."""
        self.retry_after = retry_after
        """Seconds."""
        self.submission = submission
        """Id of the submission that carries on with this update, for `Location`."""
        self.system: str | None = None
        self.operation: str | None = None


class CallerFault(LgspError):
    """The agency must change something."""

    fault_domain: ClassVar[FaultDomain] = "caller"


class Unauthenticated(CallerFault):
    code, status = "unauthenticated", 401
    title = Text("Chưa xác thực", "Not authenticated")


class UnknownOperation(CallerFault):
    code, status = "unknown-operation", 404
    title = Text("Không có chức năng này", "Unknown operation")


class Conflict(CallerFault):
    code, status = "conflict", 409
    title = Text("Yêu cầu cùng khoá đang được xử lý", "A request with this key is still in progress")
    retryable = True


class TooLarge(CallerFault):
    code, status = "too-large", 413
    title = Text("Nội dung vượt giới hạn", "Body over the limit")


class UnsupportedMediaType(CallerFault):
    code, status = "unsupported-media-type", 415
    title = Text("Kiểu nội dung không được hỗ trợ", "Unsupported media type")


class InvalidMessage(CallerFault):
    code, status = "invalid-message", 400
    title = Text("Thông điệp không hợp lệ", "Invalid message")


class InvalidSignature(CallerFault):
    """`errors` names the rule: `signature:key`, `signature:digest`, `signature:sha1` …"""

    code, status = "invalid-signature", 422
    title = Text("Chữ ký số không hợp lệ", "Invalid signature")


class IdempotencyMismatch(CallerFault):
    code, status = "idempotency-mismatch", 422
    title = Text("Khoá đã dùng cho nội dung khác", "The key was used with another body")


class PolicyFault(LgspError):
    """Somebody must decide something."""

    fault_domain = "policy"


class Forbidden(PolicyFault):
    code, status = "forbidden", 403
    title = Text("Chưa được cấp quyền", "Not granted")


class SecurityLevelNotApproved(PolicyFault):
    code, status = "security-level-not-approved", 403
    title = Text("Hệ thống chưa được phê duyệt cấp độ an toàn", "Security level not approved")


class PurposeRequired(PolicyFault):
    code, status = "purpose-required", 403
    title = Text("Thiếu mục đích khai thác", "A purpose is required")


class Suspended(PolicyFault):
    code, status = "suspended", 403
    title = Text("Kết nối đang tạm dừng theo quyết định", "The connection is suspended by decision")


class QuotaExceeded(PolicyFault):
    code, status = "quota-exceeded", 429
    title = Text("Vượt hạn mức", "Quota exceeded")
    retryable = True


class ProviderFault(LgspError):
    """The database said no, in its own words: a business fault, which never counts against health (RULES 12)."""

    code, status, fault_domain = "provider-fault", 422, "backend"
    title = Text("Cơ sở dữ liệu từ chối", "The database refused")


class RecordNotFound(ProviderFault):
    code, status = "record-not-found", 404
    title = Text("Không tìm thấy bản ghi", "Record not found")


class Unavailable(LgspError):
    """Wait. Technical faults and broken contracts: these count against health."""

    fault_domain: ClassVar[FaultDomain] = "backend"
    retryable = True
    layer: str = ""
    """What failed, where the code alone does not say: dns, tcp, tls, token, session, account, platform."""
    reached: bool = True
    """The backend may have got the request, so the outcome of an update is not known (RULES 4). False where surely
    no byte of it left; the transport says True on a `ConnectFailed` of a connection that broke after that."""


class ConnectFailed(Unavailable):
    code, status, fault_domain = "connect-failed", 502, "network"
    title = Text("Không kết nối được tới cơ sở dữ liệu", "Could not connect to the database")
    reached = False


class BadAnswer(Unavailable):
    code, status = "bad-answer", 502
    title = Text("Cơ sở dữ liệu trả lời sai hợp đồng", "The database broke its contract")
    retryable = False


class Timeout(Unavailable):
    code, status = "timeout", 504
    title = Text("Cơ sở dữ liệu không trả lời trong thời hạn", "The database did not answer in time")


class OutcomeUnknown(Timeout):
    """An update left and its outcome is not known: the same code on the wire, but the call must not be repeated.
    `submission` names the record that is settled (RULES 4)."""

    retryable = False


class CircuitOpen(Unavailable):
    code, status = "circuit-open", 503
    title = Text("Đang ngắt mạch với cơ sở dữ liệu", "The circuit to the database is open")
    reached = False


class Overloaded(Unavailable):
    code, status, fault_domain = "overloaded", 503, "bus"
    title = Text("Hết chỗ xử lý cho hệ thống này", "No slot left for this system")
    reached = False


class Maintenance(Unavailable):
    code, status = "maintenance", 503
    title = Text("Cơ sở dữ liệu đang bảo trì", "The database is under maintenance")
    reached = False


class BusFault(LgspError):
    """Ours. Details stay in the log."""

    code, status, fault_domain = "bus-fault", 500, "bus"
    title = Text("Lỗi của trục tích hợp", "Fault of the bus")


class EvidenceUnavailable(BusFault):
    code, status = "evidence-unavailable", 503
    title = Text("Không ghi được chứng cứ nên từ chối cuộc gọi", "Evidence cannot be written, the call is refused")
    retryable = True


def leaves(root: type[LgspError] = LgspError) -> Iterator[type[LgspError]]:
    """Every class of the tree that has a code: the table that tests and documentation walk."""
    for child in root.__subclasses__():
        if "code" in vars(child):
            yield child
        yield from leaves(child)


def by_code(code: str) -> type[LgspError]:
    """The class of a code; `BusFault` for one that does not exist."""
    return next((leaf for leaf in leaves() if leaf.code == code), BusFault)
