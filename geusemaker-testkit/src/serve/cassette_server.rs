//! A cassette behind a loopback socket.

use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::cassette::har::{self, Content, NameValue, header};
use crate::cassette::{Cassette, PlayError, Player, Redactor};

/// Answers real HTTP requests from a cassette, until it is dropped.
///
/// Point a program at it with `AWS_ENDPOINT_URL`, or with the SDK's `endpoint_url`. A request without a recorded answer
/// gets status 501, which the SDK does not retry, with the mismatch as its text.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use geusemaker_testkit::{Aws, Timings, cassette::Recorder};
/// # let aws = Aws::builder().timings(Timings::Instant).build();
/// # let recorder = Recorder::new(aws.http_client());
/// # let config = aws.sdk_config().to_builder().http_client(recorder.http_client()).build();
/// # aws_sdk_ec2::Client::new(&config).describe_vpcs().send().await?;
/// # let cassette = recorder.cassette();
/// use geusemaker_testkit::serve::CassetteServer;
///
/// // `cassette` is a recorded DescribeVpcs.
/// let server = CassetteServer::start(&cassette).await;
/// // Any program that is given AWS_ENDPOINT_URL; here, the SDK in the same process.
/// let network = aws_smithy_http_client::Builder::new().build_http();
/// let config = config.to_builder().http_client(network).endpoint_url(server.uri()).build();
/// let vpcs = aws_sdk_ec2::Client::new(&config).describe_vpcs().send().await?;
/// assert_eq!(vpcs.vpcs().len(), 1);
/// server.verify()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CassetteServer {
    server: MockServer,
    player: Player,
}

impl CassetteServer {
    /// Starts a server for a cassette that was recorded with the default redaction, on a free port of the loopback
    /// interface.
    pub async fn start(cassette: &Cassette) -> Self {
        Self::with_player(Player::new(cassette)).await
    }

    /// Starts a server for a cassette that was recorded with `redactor`.
    pub async fn with_redactor(cassette: &Cassette, redactor: Redactor) -> Self {
        Self::with_player(Player::with_redactor(cassette, redactor)).await
    }

    /// Returns the endpoint of the server: `http://127.0.0.1:PORT`.
    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// Returns the player behind the server, for its mismatches and unused entries.
    pub fn player(&self) -> &Player {
        &self.player
    }

    /// Checks that every request was answered and every recorded answer was requested.
    ///
    /// # Errors
    ///
    /// Returns an error with all differences if not.
    pub fn verify(&self) -> Result<(), PlayError> {
        self.player.verify()
    }

    async fn with_player(player: Player) -> Self {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(Answer(player.clone()))
            .mount(&server)
            .await;
        Self { server, player }
    }
}

struct Answer(Player);

impl Respond for Answer {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        match self.0.answer(recorded(request)) {
            Ok(response) => {
                let body = match response.content.to_bytes() {
                    Ok(body) => body,
                    Err(error) => {
                        return not_implemented(format!(
                            "the recorded body is not base64: {error}"
                        ));
                    }
                };
                let mime_type = header(&response.headers, "content-type").unwrap_or_default();
                let template = ResponseTemplate::new(response.status).set_body_raw(body, mime_type);
                response
                    .headers
                    .iter()
                    .filter(|header| !header.name.eq_ignore_ascii_case("content-type"))
                    .fold(template, |template, header| {
                        template.append_header(header.name.as_str(), header.value.as_str())
                    })
            }
            Err(mismatch) => not_implemented(mismatch.to_string()),
        }
    }
}

fn not_implemented(text: String) -> ResponseTemplate {
    ResponseTemplate::new(501).set_body_string(text)
}

fn recorded(request: &Request) -> har::Request {
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| {
            NameValue::new(name.as_str(), String::from_utf8_lossy(value.as_bytes()))
        })
        .collect();
    let mime_type = header(&headers, "content-type")
        .unwrap_or_default()
        .to_owned();
    let content = Content::from_bytes(&mime_type, &request.body);
    har::Request::new(
        request.method.as_str(),
        request.url.as_str(),
        headers,
        content,
    )
}
