//! A distribution in front of a scripted origin, as the tests of CloudFront's traffic need it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::client::Waiters;
use aws_sdk_cloudfront::types::{
    DefaultCacheBehavior, DistributionConfig, Origin as OriginConfig, OriginProtocolPolicy,
    ViewerProtocolPolicy,
};
use geusemaker_testkit::traffic::{Listener, Response, Stream, Traffic};
use geusemaker_testkit::{Aws, Timings};
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::cloudfront::config as accepted_config;

pub(super) const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
pub(super) const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
pub(super) const ORIGIN_CACHE_CONTROL: &str = "83da9c7e-98b4-4e11-a168-04f0df8e2c65";
pub(super) const ORIGIN_CACHE_CONTROL_QUERY: &str = "4cc15a8a-d715-48a4-82b8-cc0b614638fe";
pub(super) const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";
pub(super) const ALL_VIEWER_EXCEPT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

/// The host name of the origin.
pub(super) const ORIGIN: &str = "origin.example.org";

/// A request as the origin has got it.
#[derive(Clone, Debug)]
pub(super) struct Got {
    /// Such as `GET /a?b HTTP/1.1`.
    pub(super) line: String,
    /// By names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The answer of the origin.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: &'static str,
    headers: Vec<(String, String)>,
    /// The body, in pieces, each with the time before it.
    pieces: Vec<(Duration, Vec<u8>)>,
    /// The time before the head.
    pub(super) delay: Duration,
    /// The length that the head says, if it is not that of the body; `None` for a body in chunks.
    length: Option<Option<usize>>,
    /// True if the origin closes the connection without a head.
    pub(super) is_broken: bool,
}

impl Reply {
    pub(super) fn ok(body: &str) -> Self {
        Self::status("200 OK", body)
    }

    pub(super) fn status(status: &'static str, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            pieces: vec![(Duration::ZERO, body.as_bytes().to_vec())],
            delay: Duration::ZERO,
            length: None,
            is_broken: false,
        }
    }

    pub(super) fn broken() -> Self {
        Self {
            is_broken: true,
            ..Self::ok("")
        }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.delay = Duration::from_secs(seconds);
        self
    }

    /// Adds a piece of the body, which comes later.
    pub(super) fn then(mut self, seconds: u64, piece: &str) -> Self {
        let delay = Duration::from_secs(seconds);
        self.pieces.push((delay, piece.as_bytes().to_vec()));
        self
    }

    /// Sends the body in chunks.
    pub(super) fn chunked(mut self) -> Self {
        self.length = Some(None);
        self
    }

    /// Says another length than that of the body.
    pub(super) fn length(mut self, length: usize) -> Self {
        self.length = Some(Some(length));
        self
    }

    fn head(&self) -> String {
        let body: usize = self.pieces.iter().map(|(_, piece)| piece.len()).sum();
        let framing = match self.length {
            None => format!("Content-Length: {body}"),
            Some(Some(length)) => format!("Content-Length: {length}"),
            Some(None) => "Transfer-Encoding: chunked".to_owned(),
        };
        let own = self.headers.iter();
        let own: String = own
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        format!("HTTP/1.1 {}\r\n{own}{framing}\r\n\r\n", self.status)
    }
}

type Script = Arc<Mutex<Box<dyn FnMut(&Got) -> Reply + Send>>>;

/// An origin that does as a test says.
#[derive(Clone)]
pub(super) struct Origin {
    got: Arc<Mutex<Vec<Got>>>,
    script: Script,
}

impl Origin {
    /// Serves a host.
    pub(super) fn listen(mut listener: Listener) -> Self {
        let origin = Self {
            got: Arc::default(),
            script: Arc::new(Mutex::new(Box::new(|_| Reply::ok("hello")))),
        };
        let this = origin.clone();
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        tokio::spawn(this.clone().serve(stream));
                    }
                    // Another listener has the port.
                    Err(error) if error.kind() == std::io::ErrorKind::NotConnected => return,
                    // A failed handshake is the client's affair.
                    Err(_) => {}
                }
            }
        });
        origin
    }

    /// Sets the answers.
    pub(super) fn answers(&self, script: impl FnMut(&Got) -> Reply + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// Returns the requests so far.
    pub(super) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    pub(super) fn last(&self) -> Got {
        self.got().pop().unwrap()
    }

    async fn serve(self, mut stream: Stream) {
        let mut buffer = Vec::new();
        while let Some(got) = read(&mut stream, &mut buffer).await {
            self.got.lock().unwrap().push(got.clone());
            let reply = (self.script.lock().unwrap())(&got);
            if answer(&mut stream, &got, reply).await.is_none() {
                return;
            }
        }
    }
}

/// Reads a request; returns `None` at the end of the connection.
async fn read(stream: &mut Stream, buffer: &mut Vec<u8>) -> Option<Got> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer.drain(..end + 4).collect()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next()?.to_owned();
    let headers: BTreeMap<_, _> = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        })
        .collect();
    let length = headers.get("content-length");
    let length = length.map_or(0, |length| length.parse().unwrap());
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(buffer.drain(..length).collect()).unwrap();
    Some(Got {
        line,
        headers,
        body,
    })
}

/// Sends an answer; returns `None` if the connection ends with it.
async fn answer(stream: &mut Stream, got: &Got, reply: Reply) -> Option<()> {
    tokio::time::sleep(reply.delay).await;
    if reply.is_broken {
        return None;
    }
    stream.write_all(reply.head().as_bytes()).await.ok()?;
    if got.line.starts_with("HEAD") || reply.status.starts_with("304") {
        return Some(());
    }
    let is_chunked = reply.length == Some(None);
    for (delay, piece) in &reply.pieces {
        tokio::time::sleep(*delay).await;
        if is_chunked && !piece.is_empty() {
            let size = format!("{:x}\r\n", piece.len());
            stream.write_all(size.as_bytes()).await.ok()?;
            stream.write_all(piece).await.ok()?;
            stream.write_all(b"\r\n").await.ok()?;
        } else {
            stream.write_all(piece).await.ok()?;
        }
    }
    if is_chunked {
        stream.write_all(b"0\r\n\r\n").await.ok()?;
    }
    // A body that is too short ends with the connection.
    (!matches!(reply.length, Some(Some(_)))).then_some(())
}

/// A deployed distribution in front of an origin.
pub(super) struct Edge {
    pub(super) aws: Aws,
    pub(super) cloudfront: Client,
    pub(super) traffic: Traffic,
    pub(super) origin: Origin,
    pub(super) id: String,
    /// The domain name of the distribution.
    pub(super) host: String,
}

/// Changes the default behavior of a configuration.
pub(super) fn behavior(
    change: impl FnOnce(&mut DefaultCacheBehavior),
) -> impl FnOnce(&mut DistributionConfig) {
    move |config| change(config.default_cache_behavior.as_mut().unwrap())
}

/// Sets the policies of the default behavior.
pub(super) fn policies(
    cache: &str,
    origin_request: Option<&str>,
) -> impl FnOnce(&mut DistributionConfig) {
    behavior(move |behavior| {
        behavior.cache_policy_id = Some(cache.to_owned());
        behavior.origin_request_policy_id = origin_request.map(str::to_owned);
    })
}

/// Changes the origin of a configuration.
pub(super) fn origin(
    change: impl FnOnce(&mut OriginConfig),
) -> impl FnOnce(&mut DistributionConfig) {
    move |config| change(&mut config.origins.as_mut().unwrap().items[0])
}

/// Returns a configuration with the origin, by HTTP, that caches by CachingOptimized and allows HTTP and HTTPS.
pub(super) fn config() -> DistributionConfig {
    let mut config = accepted_config("one");
    origin(|origin| {
        origin.domain_name = ORIGIN.to_owned();
        let custom = origin.custom_origin_config.as_mut().unwrap();
        custom.origin_read_timeout = Some(30);
        custom.origin_protocol_policy = OriginProtocolPolicy::HttpOnly;
    })(&mut config);
    behavior(|behavior| behavior.viewer_protocol_policy = ViewerProtocolPolicy::AllowAll)(
        &mut config,
    );
    policies(CACHING_OPTIMIZED, None)(&mut config);
    config
}

impl Edge {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Creates a distribution with a changed configuration.
    pub(super) async fn with(change: impl FnOnce(&mut DistributionConfig)) -> Self {
        Self::on(Aws::builder().timings(Timings::Typical).build(), change).await
    }

    pub(super) async fn on(aws: Aws, change: impl FnOnce(&mut DistributionConfig)) -> Self {
        let mut config = config();
        change(&mut config);
        let traffic = aws.traffic();
        let origin = Origin::listen(traffic.listen(ORIGIN, 80));
        let cloudfront = Client::new(&aws.sdk_config());
        let create = cloudfront.create_distribution().distribution_config(config);
        let made = create.send().await.unwrap().distribution.unwrap();
        let edge = Self {
            aws,
            cloudfront,
            traffic,
            origin,
            id: made.id,
            host: made.domain_name,
        };
        edge.deployed().await;
        edge
    }

    pub(super) async fn deployed(&self) {
        let wait = self.cloudfront.wait_until_distribution_deployed();
        let wait = wait.id(&self.id).wait(Duration::from_secs(7200));
        wait.await.unwrap();
    }

    /// Changes the configuration, without waiting until it is deployed.
    pub(super) async fn update(&self, change: impl FnOnce(&mut DistributionConfig)) {
        let got = self.cloudfront.get_distribution_config().id(&self.id);
        let got = got.send().await.unwrap();
        let mut config = got.distribution_config.unwrap();
        change(&mut config);
        let update = self.cloudfront.update_distribution().id(&self.id);
        let update = update.if_match(got.e_tag.unwrap());
        update.distribution_config(config).send().await.unwrap();
    }

    pub(super) async fn seconds(&self, seconds: u64) {
        self.aws.clock().sleep(Duration::from_secs(seconds)).await;
    }

    /// Sends a GET request by HTTP.
    pub(super) async fn get(&self, path: &str) -> Response {
        self.get_with(path, &[]).await
    }

    pub(super) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send("GET", path, headers, "").await
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let url = format!("http://{}{path}", self.host);
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).unwrap();
        self.traffic.send(request).await.unwrap()
    }

    /// Sends a GET request, and returns the body and the value of `X-Cache` without its end.
    pub(super) async fn fetch(&self, path: &str) -> (String, String) {
        let answer = self.get(path).await;
        let outcome = outcome(&answer);
        (answer.text().await.unwrap(), outcome)
    }

    /// Creates an invalidation of a path.
    pub(super) async fn invalidate(&self, path: &str) {
        use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
        let paths = Paths::builder().quantity(1).items(path).build().unwrap();
        let reference = format!("{path} {}", self.aws.clock().now());
        let batch = InvalidationBatch::builder().paths(paths);
        let batch = batch.caller_reference(reference).build().unwrap();
        let create = self.cloudfront.create_invalidation();
        let create = create.distribution_id(&self.id).invalidation_batch(batch);
        create.send().await.unwrap();
    }
}

/// Returns the value of `X-Cache`, without its end.
pub(super) fn outcome(answer: &Response) -> String {
    let value = answer.header("x-cache").unwrap();
    value.strip_suffix(" from cloudfront").unwrap().to_owned()
}
