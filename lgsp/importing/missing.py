"""What an export cannot say and a person must add, each with what to do about it; in the order in which one works it off."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lgsp.model import Text

MISSING: Mapping[str, Text] = MappingProxyType(
    {
        "definition": Text(
            "Không có định nghĩa (Swagger, OpenAPI hay WSDL): xin cơ quan chủ quản",
            "No definition (Swagger, OpenAPI or WSDL): ask the ministry for it",
        ),
        "definition-refused": Text(
            "Định nghĩa không dùng được nguyên vẹn: xem từng phát hiện",
            "The definition cannot be carried exactly: see each finding",
        ),
        "kind": Text(
            "Loại API này trục không phục vụ (chỉ REST và SOAP)",
            "The bus does not serve this kind of API (REST and SOAP only)",
        ),
        "backend-address": Text(
            "Không có địa chỉ máy chủ nguồn: khai báo [upstreams.<tên>]",
            "No backend address: register [upstreams.<name>]",
        ),
        "backend-not-registered": Text(
            "Địa chỉ máy chủ nguồn chưa đăng ký trong [upstreams]: người vận hành đăng ký",
            "The backend address is not registered in [upstreams]: an operator registers it",
        ),
        "backend-credentials": Text(
            "Cổng cũ đăng nhập vào máy chủ nguồn; mật khẩu không được lấy sang: cấp mới và đặt trong tệp bí mật",
            "The old gateway signs in at the backend; its secret was not taken over: issue a new one into a secret file",
        ),
        "mediation": Text(
            "Cổng cũ sửa đổi thông điệp (chính sách, sequence): viết lại trong mapping.py hoặc bỏ",
            "The old gateway changes messages (policies, sequences): write it in mapping.py or drop it",
        ),
        "owner": Text("Chưa có cơ quan chủ quản và đầu mối", "No owning agency and contact"),
        "decision": Text("Chưa có quyết định kết nối", "No decision to connect"),
        "personal": Text(
            "Chưa ai xác nhận có dữ liệu cá nhân hay không: coi như có",
            "Nobody has said whether personal data: taken as yes",
        ),
        "safe": Text(
            "Chưa thao tác nào được đánh dấu an toàn; chưa có câu hỏi dò",
            "No operation is marked safe; no probe is named",
        ),
        "published": Text(
            "Ở cổng cũ API không ở trạng thái PUBLISHED: còn cần không?",
            "Not PUBLISHED at the old gateway: is it still needed?",
        ),
        "version": Text(
            "Còn phiên bản khác của cùng API: gộp thành [versions] của một hệ thống, hoặc bỏ bản cũ",
            "Other versions of the same API: make them [versions] of one system, or drop the older",
        ),
        "built-in": Text(
            "Trục đã có hệ thống cùng tên: so sánh trước khi thêm",
            "A system of that name is built in: compare before adding",
        ),
        "agency": Text("Chưa có mã định danh cơ quan", "No agency code"),
        "security-level": Text("Chưa có cấp độ an toàn được phê duyệt", "No approved security level"),
        "keys": Text(
            "Khoá cũ không được lấy sang: cấp khoá mới (`lgsp consumer add`)",
            "Old keys were not taken over: issue new ones (`lgsp consumer add`)",
        ),
        "legal-basis": Text("Chưa có căn cứ pháp lý", "No legal basis"),
        "purposes": Text("Chưa có mục đích (mã thủ tục)", "No purpose (procedure code)"),
        "fields": Text("Chưa chọn trường được phép", "Permitted fields are not chosen"),
        "api": Text("API được đăng ký không có trong bản xuất", "The API subscribed to is not in the export"),
        "application": Text(
            "Ứng dụng đăng ký không có trong bản xuất", "The subscribing application is not in the export"
        ),
        "blocked": Text("Đăng ký đã bị khoá ở cổng cũ", "The subscription was blocked at the old gateway"),
    }
)
