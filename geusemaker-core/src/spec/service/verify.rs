//! The requests with which a verification asks a service, beside its health check.

use serde::{Deserialize, Serialize};

use crate::spec::error::SpecError;
use crate::spec::is_default::is_default;
use crate::spec::text::validated_text;

/// The requests with which [`Session::verify`](crate::Session::verify) asks a service: for what a health check does not
/// show. No resource is made from them.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Service, Tier, Verify};
///
/// let verify = Verify::default()
///     .with_stream("/v1/chat/completions".parse()?)
///     .with_stream_body(r#"{"model": "qwen", "stream": true, "messages": [{"role": "user", "content": "Hi"}]}"#.parse()?)
///     .with_websocket("/ws".parse()?);
/// let vllm = Service::builder("vllm".parse()?, 8000, "vllm/vllm-openai:v0.11.0".parse()?).verify(verify);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Cdn, compute).service(vllm).build()?;
/// assert_eq!(spec.services()[0].verify().websocket().unwrap().as_str(), "/ws");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table, as in { stream = \"/events\", websocket = \"/ws\" }"
)]
#[must_use = "the requests do nothing until they are given to the builder of a service"]
pub struct Verify {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<RequestPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<RequestPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_body: Option<StreamBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    websocket: Option<RequestPath>,
}

impl Verify {
    /// Sets the path that is asked for in place of that of the health check. Its answer must be a success or a redirect.
    pub fn with_path(mut self, path: RequestPath) -> Self {
        self.path = Some(path);
        self
    }

    /// Sets the path of an answer that arrives piece by piece.
    pub fn with_stream(mut self, path: RequestPath) -> Self {
        self.stream = Some(path);
        self
    }

    /// Sets the JSON that is posted for the streamed answer. Without it, the answer is got with GET.
    pub fn with_stream_body(mut self, body: StreamBody) -> Self {
        self.stream_body = Some(body);
        self
    }

    /// Sets the path of a WebSocket.
    pub fn with_websocket(mut self, path: RequestPath) -> Self {
        self.websocket = Some(path);
        self
    }

    /// Returns the path that is asked for in place of that of the health check.
    pub fn path(&self) -> Option<&RequestPath> {
        self.path.as_ref()
    }

    /// Returns the path of an answer that arrives piece by piece.
    pub fn stream(&self) -> Option<&RequestPath> {
        self.stream.as_ref()
    }

    /// Returns the JSON that is posted for the streamed answer.
    pub fn stream_body(&self) -> Option<&StreamBody> {
        self.stream_body.as_ref()
    }

    /// Returns the path of a WebSocket.
    pub fn websocket(&self) -> Option<&RequestPath> {
        self.websocket.as_ref()
    }

    pub(super) fn is_empty(&self) -> bool {
        is_default(self)
    }

    /// Checks the keys against each other.
    pub(super) fn checked(self) -> Result<Self, SpecError> {
        if self.stream_body.is_some() && self.stream.is_none() {
            let message =
                "has no path to go to: add stream, as in stream = \"/v1/chat/completions\"";
            return Err(SpecError::new(message).at("stream_body"));
        }
        Ok(self)
    }
}

validated_text! {
    /// The path of a request, which may have a query: `/`, or a longer one without spaces, at most 1024 characters.
    ///
    /// ```
    /// use geusemaker_core::spec::RequestPath;
    ///
    /// assert!("/events?from=0".parse::<RequestPath>().is_ok());
    /// assert!("https://example.com/events".parse::<RequestPath>().is_err());
    /// ```
    RequestPath, check_request_path
}

validated_text! {
    /// JSON that is posted for a streamed answer, at most 4096 characters.
    ///
    /// ```
    /// use geusemaker_core::spec::StreamBody;
    ///
    /// assert!(r#"{"stream": true}"#.parse::<StreamBody>().is_ok());
    /// assert!("stream: true".parse::<StreamBody>().is_err());
    /// ```
    StreamBody, check_stream_body
}

fn check_request_path(text: &str) -> Result<(), String> {
    let is_part = |b: u8| b.is_ascii_graphic() && b != b'#';
    if text.starts_with('/') && text.len() <= 1024 && text.bytes().all(is_part) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is not the path of a request: expected \"/\", or a path that starts with it, of at most 1024 \
             ASCII characters without spaces and #"
        ))
    }
}

fn check_stream_body(text: &str) -> Result<(), String> {
    if text.len() > 4096 {
        return Err(format!(
            "the text has {} characters, expected at most 4096",
            text.len()
        ));
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "{text:?} is not JSON ({error}): expected it as in '{{\"stream\": true}}'"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_path_is_no_url() {
        for text in [
            "/",
            "/v1/models?x=1&y=%20",
            &format!("/{}", "a".repeat(1023)),
        ] {
            assert!(text.parse::<RequestPath>().is_ok(), "{text}");
        }
        for text in [
            "",
            "v1",
            "/a b",
            "/é",
            "/a#b",
            "http://a/",
            &format!("/{}", "a".repeat(1024)),
        ] {
            assert!(text.parse::<RequestPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn stream_body_must_be_json() {
        let error = "{".parse::<StreamBody>().unwrap_err().to_string();
        assert!(error.starts_with("\"{\" is not JSON (EOF"), "{error}");
        let long = format!("\"{}\"", "a".repeat(4095));
        assert!(long.parse::<StreamBody>().is_err());
    }
}
