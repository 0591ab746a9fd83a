"""An invented export of a province's old gateway, written in the format that WSO2's documentation publishes: 24 APIs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import yaml

SECRET = "bi-mat-khong-duoc-mang-di"
"""Stands wherever the real format has a credential: not one byte of it may come out."""


def openapi(name: str) -> dict[str, Any]:
    person = {"type": "object", "properties": {"maHoSo": {"type": "string"}, "ketQua": {"type": "string"}}}
    answer = {
        "200": {
            "description": "OK",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/KetQua"}}},
        }
    }
    asked = {
        "content": {"application/json": {"schema": {"type": "object", "properties": {"maHoSo": {"type": "string"}}}}}
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": name, "version": "1.0.0"},
        "security": [{"default": []}],
        "paths": {
            "/traCuu": {"get": {"operationId": "traCuu", "parameters": [{"name": "maHoSo", "in": "query", "schema": {"type": "string"}}], "responses": answer, "security": [{"default": []}], "x-auth-type": "Application & Application User"}},
            "/capNhat": {"post": {"operationId": "capNhat", "requestBody": asked, "responses": answer}},
        },
        "components": {
            "schemas": {"KetQua": person},
            "securitySchemes": {"default": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://mau.invalid/authorize", "scopes": {}}}}},
        },
        "x-wso2-production-endpoints": {"urls": ["https://nguoi:" + SECRET + "@mau.invalid/x"], "type": "http"},
    }  # fmt: skip


def swagger(name: str) -> dict[str, Any]:
    answer = {"200": {"description": "OK", "schema": {"$ref": "#/definitions/KetQua"}}}
    return {
        "swagger": "2.0",
        "info": {"title": name, "version": "1.0.0"},
        "host": "mau.invalid",
        "basePath": "/x",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": {
            "/danhMuc/{ma}": {"get": {"operationId": "danhMuc", "parameters": [{"name": "ma", "in": "path", "type": "string", "required": True}, {"name": "trang", "in": "query", "type": "integer"}], "responses": answer}},
            "/guiHoSo": {"post": {"operationId": "guiHoSo", "parameters": [{"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/HoSo"}}], "responses": answer}},
        },
        "definitions": {
            "KetQua": {"type": "object", "properties": {"ketQua": {"type": "string"}, "so": {"type": "integer"}}},
            "HoSo": {"type": "object", "required": ["maHoSo"], "properties": {"maHoSo": {"type": "string", "maxLength": 40}}},
        },
        "securityDefinitions": {"default": {"type": "oauth2", "flow": "implicit", "authorizationUrl": "https://mau.invalid"}},
    }  # fmt: skip


def wsdl(name: str) -> str:
    space = f"urn:mau:{name}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{space}" targetNamespace="{space}" name="{name}">
  <wsdl:types><xs:schema targetNamespace="{space}" elementFormDefault="qualified">
    <xs:element name="traCuuRequest"><xs:complexType><xs:sequence><xs:element name="ma" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="traCuuResponse"><xs:complexType><xs:sequence><xs:element name="ketQua" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
  </xs:schema></wsdl:types>
  <wsdl:message name="in"><wsdl:part name="p" element="tns:traCuuRequest"/></wsdl:message>
  <wsdl:message name="out"><wsdl:part name="p" element="tns:traCuuResponse"/></wsdl:message>
  <wsdl:portType name="pt"><wsdl:operation name="traCuu"><wsdl:input message="tns:in"/><wsdl:output message="tns:out"/></wsdl:operation></wsdl:portType>
  <wsdl:binding name="b" type="tns:pt"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="traCuu"><soap:operation soapAction="urn:traCuu"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="s"><wsdl:port name="p" binding="tns:b"><soap:address location="http://mau.invalid/{name}"/></wsdl:port></wsdl:service>
</wsdl:definitions>
"""


def api(name: str, version: str, kind: str = "HTTP", **more: Any) -> str:
    """`api.yaml` of version 4."""
    data = {
        "id": "00000000-0000-0000-0000-000000000000",
        "name": name,
        "context": f"/{name}",
        "version": version,
        "provider": "admin",
        "lifeCycleStatus": "PUBLISHED",
        "transport": ["http", "https"],
        "policies": ["Gold", "Unlimited"],
        "type": kind,
        "endpointConfig": {
            "endpoint_type": "http",
            "production_endpoints": {"url": f"https://nguoi:{SECRET}@nguon.mau.invalid:8443/{name}?khoa={SECRET}"},
            "sandbox_endpoints": {"url": "https://thu.mau.invalid"},
            "endpoint_security": {"production": {"enabled": True, "type": "BASIC", "username": "nguoi", "password": SECRET}},
        },
        "endpointImplementationType": "ENDPOINT",
        "operations": [{"id": "", "target": "/traCuu", "verb": "GET", "authType": "Application & Application User", "throttlingPolicy": "Unlimited"}],
        **more,
    }  # fmt: skip
    return yaml.safe_dump({"type": "api", "version": "v4.2.0", "data": data}, allow_unicode=True)


def old_api(name: str, version: str) -> str:
    """`Meta-information/api.json` of version 2: its endpoints are JSON in a string."""
    endpoints = {"production_endpoints": {"url": f"http://cu.mau.invalid/{name}"}, "endpoint_type": "http"}
    return json.dumps(
        {
            "id": {"providerName": "admin", "apiName": name, "version": version},
            "context": f"/{name}/{version}",
            "contextTemplate": f"/{name}/{{version}}",
            "type": "HTTP",
            "status": "PUBLISHED",
            "endpointConfig": json.dumps(endpoints),
            "endpointSecured": True,
            "endpointUTPassword": SECRET,
            "availableTiers": [{"name": "Unlimited"}],
            "uriTemplates": [{"uriTemplate": "/danhMuc/{ma}", "httpVerb": "GET"}],
        }
    )


def application(name: str, *subscribed: tuple[str, str]) -> str:
    info = {
        "name": name,
        "owner": "admin",
        "throttlingPolicy": "10PerMin",
        "description": "",
        "status": "APPROVED",
        "keys": [
            {
                "consumerKey": SECRET,
                "consumerSecret": SECRET,
                "keyType": "PRODUCTION",
                "callbackUrl": "https://mau.invalid",
            }
        ],
    }
    listed = [
        {"apiId": {"providerName": "admin", "apiName": api, "version": version}, "throttlingPolicy": "Gold"}
        for api, version in subscribed
    ]
    data = {"applicationInfo": info, "subscribedAPIs": listed}
    return yaml.safe_dump({"type": "application", "version": "v4.2.0", "data": data}, allow_unicode=True)


def twenty_four() -> dict[str, str]:
    """Path in the export -> text. REST and SOAP, several versions, older and newer forms, and what real exports lack."""
    files: dict[str, str] = {}

    def project(name: str, version: str, kind: str = "HTTP", **more: Any) -> str:
        folder = f"{name}-{version}"
        files[f"{folder}/api.yaml"] = api(name, version, kind, **more)
        files[f"{folder}/api_meta.yaml"] = yaml.safe_dump({"name": name, "version": version})
        files[f"{folder}/deployment_environments.yaml"] = "type: deployment_environments\ndata: []\n"
        return folder

    for name in ("apiHoTich", "apiDatDai", "apiYTe", "apiGiaoDuc", "apiLaoDong", "apiXayDung", "Cổng thanh toán"):  # 7
        folder = project(name, "1.0.0")
        files[f"{folder}/Definitions/swagger.yaml"] = yaml.safe_dump(openapi(name), allow_unicode=True)
    folder = project("apiHoTich", "2.0.0")  # 8: a second version of the first
    files[f"{folder}/Definitions/swagger.json"] = json.dumps(openapi("apiHoTich"))
    for name in ("DanhMucDungChung", "TraCuuGiayPhep", "QuanLyVanTai", "NongNghiep"):  # 12: Swagger 2
        folder = project(name, "1.0")
        files[f"{folder}/Definitions/swagger.yaml"] = yaml.safe_dump(swagger(name), allow_unicode=True)
    for name in ("CongDan", "HoGiaDinh", "BaoTroXaHoi", "DoanhNghiepSoap", "VanBan"):  # 17: SOAP
        folder = project(name, "1.0.0", "SOAP")
        files[f"{folder}/WSDL/{name}-1.0.0.wsdl"] = wsdl(name)
    folder = project("CongDan", "0.9.0", "SOAPTOREST")  # 18
    files[f"{folder}/WSDL/CongDan-0.9.0.wsdl"] = wsdl("CongDan")
    files[f"{folder}/Definitions/swagger.yaml"] = yaml.safe_dump(openapi("CongDan"))
    for name in ("CuMot", "CuHai"):  # 20: exports of version 2
        files[f"{name}-v1/Meta-information/api.json"] = old_api(name, "v1")
        files[f"{name}-v1/Meta-information/swagger.json"] = json.dumps(swagger(name))
    project("KhongDinhNghia", "1.0.0")  # 21: no definition
    project("BanDo", "1.0.0", "GRAPHQL")  # 22
    folder = project("HongDinhNghia", "1.0.0", lifeCycleStatus="CREATED", endpointConfig={})  # 23
    files[f"{folder}/Definitions/swagger.yaml"] = yaml.safe_dump(
        {"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": {}}
    )
    folder = project(
        "SuaThongDiep",
        "1.0.0",
        operations=[{"target": "/*", "verb": "POST", "operationPolicies": {"request": [{"policyName": "jsonToXml"}]}}],
    )  # 24
    files[f"{folder}/Definitions/swagger.yaml"] = yaml.safe_dump(openapi("SuaThongDiep"))
    files["admin_MotCua/application.yaml"] = application(
        "Một cửa điện tử", ("apiHoTich", "2.0.0"), ("CongDan", "1.0.0"), ("KhongDinhNghia", "1.0.0")
    )
    files["admin_IOC/application.yaml"] = application("IOC", ("DanhMucDungChung", "1.0"), ("DaXoa", "1.0"))
    files["CuApp/CuApp.json"] = json.dumps(
        {
            "name": "CuApp",
            "subscriber": {"name": "admin"},
            "keys": [],
            "subscribedAPIs": [
                {
                    "apiId": {"providerName": "admin", "apiName": "CuMot", "version": "v1"},
                    "tier": {"name": "Gold"},
                    "subStatus": "BLOCKED",
                }
            ],
        }
    )
    return files  # fmt: skip


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()
