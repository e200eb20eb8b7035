"""What the page's host sends, and who may read its bucket."""

import json
import re

import pytest

from infra.local.http_api.static import page_headers
from infra.local.sam.intrinsics import load_yaml
from serving.api import DATA_HEADERS
from tests.conftest import ROOT
from tests.template.conftest import DOCUMENT, resources_of

PAGE = load_yaml(ROOT / "infra" / "page.yaml")
HEADERS = json.loads((ROOT / "web" / "headers.json").read_text())
POLICIES = resources_of("AWS::CloudFront::ResponseHeadersPolicy", PAGE)
POLICY = POLICIES["PageHeaders"]
(DISTRIBUTION,) = resources_of("AWS::CloudFront::Distribution", PAGE).values()
CONFIG = DISTRIBUTION["DistributionConfig"]
CSP = HEADERS["Content-Security-Policy"]


def response_headers() -> dict[str, str]:
    """The response headers policy as header lines."""
    security = POLICY["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    hsts = security["StrictTransportSecurity"]
    subdomains = "; includeSubDomains" if hsts["IncludeSubdomains"] else ""
    custom = POLICY["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]
    policy = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    return {
        "Content-Security-Policy": policy,
        "Strict-Transport-Security": f"max-age={hsts['AccessControlMaxAgeSec']}{subdomains}",
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in security else "",
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
    } | {item["Header"]: item["Value"] for item in custom}


def test_the_headers_are_those_the_page_asks_for():
    assert response_headers() == page_headers(ROOT / "web", "https://${UploadsHost}")


def test_no_page_states_a_policy_of_its_own():
    """It would hold beside the host's, and knows no bucket to upload to."""
    for page in (ROOT / "web").glob("*.html"):
        assert "content-security-policy" not in page.read_text().lower(), page.name


def test_the_page_loads_only_what_its_policy_allows():
    """Everything comes from its own origin, and no address of another is named."""
    directives = dict(directive.strip().partition(" ")[::2] for directive in CSP.split(";"))

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    for path in [*(ROOT / "web").glob("*.html"), *(ROOT / "web").glob("*.js")]:
        text = path.read_text()
        for address in re.findall(
            r"""(?:src|href|fetch\(|import .* from )=?["'(](https?://[^"')]+)""", text
        ):
            pytest.fail(f"{path.name} loads {address}")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), path.name


def test_page_and_api_are_one_origin():
    behaviours = {behaviour["PathPattern"]: behaviour for behaviour in CONFIG["CacheBehaviors"]}

    assert {*behaviours} == {"/v1/*", "/prediction", "/v2", "/v2/*", "/models/*"}
    assert {behaviour["TargetOriginId"] for behaviour in behaviours.values()} == {"api"}
    for path in ("/v1/*", "/v2/*", "/models/*"):
        assert {"POST", "OPTIONS"} <= set(behaviours[path]["AllowedMethods"])


def test_errors_pass_as_they_are_and_none_is_kept():
    errors = CONFIG["CustomErrorResponses"]
    # CloudFront's default is 10 s for each
    assert {error["ErrorCode"] for error in errors} == {
        *(400, 403, 404, 405, 414, 416),
        *(500, 501, 502, 503, 504),
    }
    assert all(error.keys() == {"ErrorCode", "ErrorCachingMinTTL"} for error in errors)
    assert all(error["ErrorCachingMinTTL"] == 0 for error in errors)


def test_the_apis_answers_have_security_headers_and_its_own_stand():
    (name,) = {each["ResponseHeadersPolicyId"]["Ref"] for each in CONFIG["CacheBehaviors"]}
    policy = POLICIES[name]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    page = POLICY["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]

    assert security.keys() == page.keys()
    assert security["StrictTransportSecurity"] == page["StrictTransportSecurity"]
    assert security["ContentSecurityPolicy"] == {
        "ContentSecurityPolicy": DATA_HEADERS["content-security-policy"],
        "Override": False,
    }


def test_the_bucket_is_read_through_the_distribution_only():
    (bucket,) = resources_of("AWS::S3::Bucket", PAGE).values()
    (policy,) = resources_of("AWS::S3::BucketPolicy", PAGE).values()
    statements = policy["PolicyDocument"]["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]

    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert {statement["Action"] for statement in allowed} == {"s3:GetObject", "s3:ListBucket"}
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        source = statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
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
    counted = {override["Name"] for override in group["RuleActionOverrides"]}
    labels, exempt = rules["bodies-but-uploads"]["Statement"]["AndStatement"]["Statements"]
    refused = {
        statement["LabelMatchStatement"]["Key"].rpartition(":")[2].upper()
        for statement in labels["OrStatement"]["Statements"]
    }

    assert "SizeRestrictions_BODY" in counted
    assert refused == {name.upper() for name in counted}  # nothing is only counted
    assert rules["bodies-but-uploads"]["Action"] == {"Block": {}}
    assert rules["bodies-but-uploads"]["Priority"] > rules["common"]["Priority"]
    matches = exempt["NotStatement"]["Statement"]["OrStatement"]["Statements"]
    uploads = {
        (match["ByteMatchStatement"]["SearchString"], match["ByteMatchStatement"][kind])
        for match in matches
        for kind in ["PositionalConstraint"]
    }
    doors = {(path, "STARTS_WITH") for path in ("/v2/models/", "/v1/models/", "/models/")}
    assert uploads == {("/v1/predict", "EXACTLY")} | doors


def test_the_firewall_says_what_it_does_not_stand_in_front_of():
    description = DOCUMENT["Parameters"]["Firewall"]["Description"]

    assert "ApiUrl" in description
    assert {"RateLimit", "ReservedConcurrency"} <= set(re.findall(r"\w+", description))
