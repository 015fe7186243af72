//! The three forms in which services are asked, and in which they refuse.

use std::fmt;

use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use super::endpoint::Service;

/// What a query does not encode: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request, before it has an endpoint and a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: &'static str,
    /// The path, with the query.
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// Returns a text as a part of a path, of a query or of a form.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// AWS Query: a form is asked with, XML is answered.
pub(super) fn query(service: Service, action: &str, parameters: &[(&str, &str)]) -> Request {
    let all = [("Action", action), ("Version", service.version())];
    let pair = |(name, value): &(&str, &str)| format!("{}={}", encoded(name), encoded(value));
    let form: Vec<_> = all.iter().chain(parameters).map(pair).collect();
    let kind = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
    Request { method: "POST", path: "/".to_owned(), headers: vec![("content-type", kind)], body: form.join("&").into() }
}

/// AWS JSON 1.1: the operation is named in a header.
pub(super) fn json(target: String, body: Vec<u8>) -> Request {
    let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned()), ("x-amz-target", target)];
    Request { method: "POST", path: "/".to_owned(), headers, body }
}

/// REST JSON: the operation is method and path.
pub(super) fn rest(method: &'static str, path: String, body: Vec<u8>) -> Request {
    Request { method, path, headers: vec![("content-type", "application/json".to_owned())], body }
}

/// A service's refusal: AWS's own code and message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The whole answer, where it may be more than a code and a message.
    pub(super) body: String,
    about: ErrorMetadata,
}

impl Refusal {
    /// Reads a refusal in any of the forms. `kind` is the header in which JSON's services name the code.
    pub(super) fn read(status: u16, kind: Option<&str>, body: &str) -> Self {
        let is_xml = body.trim_start().starts_with('<');
        let (code, message) = if is_xml { of_xml(body) } else { of_json(kind, body) };
        // `com.amazonaws.logs#ResourceNotFoundException`, and `Code:http://internal...` in the header.
        let plain = |code: String| code.rsplit('#').next().and_then(|code| code.split(':').next()).map(str::to_owned);
        let code = code.and_then(plain).unwrap_or_else(|| format!("HTTP {status}"));
        let about = ErrorMetadata::builder().code(code).message(message.unwrap_or_default()).build();
        Self { status, body: body.to_owned(), about }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code().unwrap_or_default(), self.message().unwrap_or_default())
    }
}

impl std::error::Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.about
    }
}

fn of_json(kind: Option<&str>, body: &str) -> (Option<String>, Option<String>) {
    let told: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| told.get(name)?.as_str()).map(str::to_owned);
    (kind.map(str::to_owned).or_else(|| text(&["__type", "code", "Code"])), text(&["message", "Message"]))
}

/// `<ErrorResponse><Error>` in general, `<Response><Errors><Error>` in EC2.
#[derive(Deserialize)]
struct XmlRefusal {
    #[serde(rename = "Error")]
    error: Option<XmlError>,
    #[serde(rename = "Errors")]
    errors: Option<XmlErrors>,
}

#[derive(Deserialize)]
struct XmlErrors {
    #[serde(rename = "Error")]
    error: XmlError,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct XmlError {
    code: Option<String>,
    message: Option<String>,
}

fn of_xml(body: &str) -> (Option<String>, Option<String>) {
    let told = quick_xml::de::from_str::<XmlRefusal>(body).ok();
    let error = told.and_then(|told| told.error.or(told.errors.map(|all| all.error)));
    error.map_or((None, None), |error| (error.code, error.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_form() {
        let asked = query(Service::CloudFormation, "DescribeStacks", &[("StackName", "a b/ü")]);
        let body = String::from_utf8(asked.body).unwrap();
        assert_eq!(body, "Action=DescribeStacks&Version=2010-05-15&StackName=a%20b%2F%C3%BC");
    }

    #[test]
    fn every_form_of_a_refusal_has_its_code_and_its_message() {
        let xml = r#"<?xml version="1.0"?><ErrorResponse xmlns="x"><Error><Type>Sender</Type><Code>ValidationError</Code>
            <Message>Stack with id a &amp; b does not exist</Message></Error><RequestId>1</RequestId></ErrorResponse>"#;
        let ec2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors>
            <RequestID>1</RequestID></Response>";
        for (kind, body, code, message) in [
            (None, xml, "ValidationError", "Stack with id a & b does not exist"),
            (None, ec2, "UnauthorizedOperation", "no"),
            (
                None,
                r#"{"__type":"com.amazonaws.logs#ResourceNotFoundException","message":"m"}"#,
                "ResourceNotFoundException",
                "m",
            ),
            (Some("TooManyRequestsException:http://x/y"), r#"{"Message":"m"}"#, "TooManyRequestsException", "m"),
            (None, "no form at all", "HTTP 400", ""),
            (None, "<html>no form</html>", "HTTP 400", ""),
        ] {
            let refusal = Refusal::read(400, kind, body);
            assert_eq!((refusal.code().unwrap(), refusal.message().unwrap()), (code, message), "{body}");
        }
    }
}
