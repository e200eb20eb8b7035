"""What the page's host sends, and who may read its bucket."""

import json
import re
from html.parser import HTMLParser

import pytest

from infra.local.intrinsics import load_yaml
from tests.conftest import ROOT
from tests.template.conftest import resources_of

PAGE = load_yaml(ROOT / "infra" / "page.yaml")
HEADERS = json.loads((ROOT / "web" / "headers.json").read_text())
(POLICY,) = resources_of("AWS::CloudFront::ResponseHeadersPolicy", PAGE).values()
(DISTRIBUTION,) = resources_of("AWS::CloudFront::Distribution", PAGE).values()
CONFIG = DISTRIBUTION["DistributionConfig"]
CSP = HEADERS["Content-Security-Policy"]


def sent() -> dict[str, str]:
    """The response headers policy as header lines."""
    security = POLICY["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    hsts = security["StrictTransportSecurity"]
    subdomains = "; includeSubDomains" if hsts["IncludeSubdomains"] else ""
    custom = POLICY["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]
    return {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Strict-Transport-Security": f"max-age={hsts['AccessControlMaxAgeSec']}{subdomains}",
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in security else "",
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
    } | {item["Header"]: item["Value"] for item in custom}


def test_the_headers_are_those_the_page_asks_for():
    assert sent() == HEADERS


def test_the_pages_own_policy_is_the_hosts():
    class Meta(HTMLParser):
        content = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found = dict(attrs)
            if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy":
                self.content = found["content"] or ""

    parser = Meta()
    parser.feed((ROOT / "web" / "index.html").read_text())

    # frame-ancestors has no meaning in a page, and is left out there
    assert f"{parser.content}; frame-ancestors 'none'" == CSP


def test_the_page_loads_only_what_its_policy_allows():
    """Everything comes from its own origin, and no address of another is named."""
    directives = dict(each.strip().partition(" ")[::2] for each in CSP.split(";"))

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    for path in [ROOT / "web" / "index.html", *(ROOT / "web").glob("*.js")]:
        text = path.read_text()
        for address in re.findall(
            r"""(?:src|href|fetch\(|import .* from )=?["'(](https?://[^"')]+)""", text
        ):
            pytest.fail(f"{path.name} loads {address}")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), path.name


def test_page_and_api_are_one_origin():
    (api,) = CONFIG["CacheBehaviors"]

    assert api["PathPattern"] == "/v1/*"
    assert api["TargetOriginId"] == "api"
    assert {"POST", "OPTIONS"} <= set(api["AllowedMethods"])
    assert "ResponseHeadersPolicyId" not in api
    assert "CustomErrorResponses" not in CONFIG  # they would replace the API's errors


def test_the_bucket_is_read_through_the_distribution_only():
    (bucket,) = resources_of("AWS::S3::Bucket", PAGE).values()
    (policy,) = resources_of("AWS::S3::BucketPolicy", PAGE).values()
    statements = policy["PolicyDocument"]["Statement"]
    allowed = [each for each in statements if each["Effect"] == "Allow"]

    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert {each["Action"] for each in allowed} == {"s3:GetObject", "s3:ListBucket"}
    for each in allowed:
        assert each["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        source = each["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
        assert source.endswith(":distribution/${Distribution}")
    (access,) = resources_of("AWS::CloudFront::OriginAccessControl", PAGE).values()
    assert access["OriginAccessControlConfig"]["SigningBehavior"] == "always"


def test_the_firewall_looks_at_bodies_everywhere_but_at_the_upload():
    rules = {
        rule["Name"]: rule
        for rule in load_yaml(ROOT / "infra" / "firewall.yaml")["Resources"]["Firewall"][
            "Properties"
        ]["Rules"]
    }
    group = rules["common"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {each["Name"] for each in group["RuleActionOverrides"]}
    labels, exempt = rules["bodies-but-uploads"]["Statement"]["AndStatement"]["Statements"]
    refused = {
        each["LabelMatchStatement"]["Key"].rpartition(":")[2].upper()
        for each in labels["OrStatement"]["Statements"]
    }

    assert "SizeRestrictions_BODY" in counted
    assert refused == {name.upper() for name in counted}  # nothing is only counted
    assert rules["bodies-but-uploads"]["Action"] == {"Block": {}}
    assert rules["bodies-but-uploads"]["Priority"] > rules["common"]["Priority"]
    match = exempt["NotStatement"]["Statement"]["ByteMatchStatement"]
    assert (match["SearchString"], match["PositionalConstraint"]) == ("/v1/predict", "EXACTLY")
