//! An answer as a client's parser sees it.

use bytes::Bytes;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::{Request, Service};

/// An answer that has been checked to have the form of the service's protocol.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The code of an error, as the SDKs of that protocol find it.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) body: String,
}

impl Answer {
    /// Reads a response as an SDK would, and more strictly.
    pub(crate) fn read(service: Service, response: http::Response<Bytes>) -> Self {
        let status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        let request_id = header("x-amzn-requestid").expect("every answer has a request id");
        let is_error = status >= 300;
        let (code, message) = if service == Service::Efs {
            let code = header("x-amzn-errortype");
            if body.is_empty() {
                (code, String::new())
            } else {
                let json: serde_json::Value = serde_json::from_str(&body).unwrap();
                assert_eq!(json["ErrorCode"].as_str(), code.as_deref(), "{body}");
                (
                    code,
                    json["Message"].as_str().unwrap_or_default().to_owned(),
                )
            }
        } else if Request::is_aws_json(service) {
            let json: serde_json::Value = serde_json::from_str(&body).unwrap();
            let text = |name: &str| json[name].as_str().map(str::to_owned);
            (text("__type"), text("message").unwrap_or_default())
        } else if body.is_empty() {
            (None, String::new())
        } else {
            let texts = texts(&body);
            let [code, message, id] = match (service, is_error) {
                (Service::Ec2, true) => [
                    "Response/Errors/Error/Code",
                    "Response/Errors/Error/Message",
                    "Response/RequestID",
                ],
                (_, true) => [
                    "ErrorResponse/Error/Code",
                    "ErrorResponse/Error/Message",
                    "ErrorResponse/RequestId",
                ],
                (Service::Ec2, false) => ["", "", "*/requestId"],
                (Service::ElasticLoadBalancing | Service::Iam | Service::Sts, false) => {
                    ["", "", "*/ResponseMetadata/RequestId"]
                }
                // Each successful answer of CloudFront and Route 53 is a document of another kind.
                (
                    Service::Acm
                    | Service::CloudFront
                    | Service::Efs
                    | Service::Route53
                    | Service::SecretsManager
                    | Service::ServiceQuotas
                    | Service::Ssm,
                    false,
                ) => ["", "", ""],
            };
            let at = |path: &str| {
                let (_, below) = path.split_once('/')?;
                texts.iter().find_map(|(found, text)| {
                    let is_it = match path.strip_prefix("*/") {
                        Some(_) => found.split_once('/').is_some_and(|(_, rest)| rest == below),
                        None => found == path,
                    };
                    is_it.then(|| text.clone())
                })
            };
            if !id.is_empty() {
                assert_eq!(at(id).as_deref(), Some(&*request_id), "{body}");
            }
            (at(code), at(message).unwrap_or_default())
        };
        assert_eq!(code.is_some(), is_error, "{status} {body}");
        Self {
            status,
            code,
            message,
            body,
        }
    }

    pub(crate) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// Returns the status and the error code, which tests of refusals compare.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.code())
    }

    /// Returns the text of the first element with this name.
    pub(crate) fn element(&self, name: &str) -> String {
        let found = texts(&self.body)
            .into_iter()
            .find(|(path, _)| path.rsplit('/').next() == Some(name));
        found
            .unwrap_or_else(|| panic!("no {name} in {}", self.body))
            .1
    }

    /// Returns true if the server has failed; the refusal of a request that is not simulated is no failure.
    pub(crate) fn is_breakdown(&self) -> bool {
        self.status >= 500 && self.refusal() != (501, "SimulatorUnsupported")
    }
}

/// Returns the texts of a document's elements with their paths, in the order in which the elements end.
fn texts(document: &str) -> Vec<(String, String)> {
    let is_character = |c: char| c >= ' ' || "\t\n\r".contains(c);
    assert!(document.chars().all(is_character), "{document:?}");
    let mut reader = Reader::from_str(document);
    let mut path = Vec::<String>::new();
    let mut texts = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                text.clear();
            }
            Event::Empty(_) => {}
            Event::End(_) => {
                texts.push((path.join("/"), std::mem::take(&mut text)));
                path.pop();
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(entity) => {
                let entity = format!("&{};", &*entity);
                text.push_str(&quick_xml::escape::unescape(&entity).unwrap());
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            other => panic!("an answer has no {other:?}"),
        }
    }
    assert!(path.is_empty(), "{document}");
    texts
}
