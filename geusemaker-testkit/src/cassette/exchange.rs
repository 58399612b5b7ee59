//! Conversion between the SDK's requests and responses and those of HAR.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::{Headers, StatusCode};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::har::{self, Content, NameValue, header};

/// Converts a request to HAR. Reads the whole body, and leaves it in the request.
pub(crate) async fn request(request: &mut HttpRequest) -> Result<har::Request, BoxError> {
    let body = drain(request.take_body()).await?;
    let headers = headers(request.headers());
    let mime_type = header(&headers, "content-type")
        .unwrap_or_default()
        .to_owned();
    let content = Content::from_bytes(&mime_type, &body);
    let recorded = har::Request::new(request.method(), request.uri(), headers, content);
    *request.body_mut() = SdkBody::from(body);
    Ok(recorded)
}

/// Converts a response to HAR. Reads the whole body, and leaves it in the response.
pub(crate) async fn response(response: &mut HttpResponse) -> Result<har::Response, BoxError> {
    let body = drain(response.take_body()).await?;
    let headers = headers(response.headers());
    let mime_type = header(&headers, "content-type")
        .unwrap_or_default()
        .to_owned();
    let content = Content::from_bytes(&mime_type, &body);
    let recorded = har::Response::new(response.status().as_u16(), headers, content);
    *response.body_mut() = SdkBody::from(body);
    Ok(recorded)
}

/// Returns the SDK's form of a recorded answer.
pub(crate) fn replayed(recorded: &har::Response) -> Result<HttpResponse, BoxError> {
    let status = StatusCode::try_from(recorded.status)?;
    let mut response = HttpResponse::new(status, SdkBody::from(recorded.content.to_bytes()?));
    for header in &recorded.headers {
        response
            .headers_mut()
            .try_append(header.name.to_ascii_lowercase(), header.value.clone())?;
    }
    Ok(response)
}

async fn drain(body: SdkBody) -> Result<Vec<u8>, BoxError> {
    Ok(ByteStream::new(body).collect().await?.to_vec())
}

fn headers(headers: &Headers) -> Vec<NameValue> {
    let mut headers: Vec<_> = headers
        .iter_bytes()
        .map(|(name, value)| NameValue::new(name, String::from_utf8_lossy(value)))
        .collect();
    // The header map has no order of its own. Sorting is stable, so repeated headers keep their order.
    headers.sort_by(|a, b| a.name.cmp(&b.name));
    headers
}
