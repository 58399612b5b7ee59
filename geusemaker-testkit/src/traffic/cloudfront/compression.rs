//! Compression at the edge. Amazon CloudFront Developer Guide: Serve compressed files.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::body::{Body as HttpBody, Frame};

use super::behavior::{Behavior, Encodings};
use crate::traffic::body::{Body, BodyError, boxed};

/// The types of files that are compressed, beside those that begin with `text/`, except for `text/event-stream`.
const TYPES: [&str; 25] = [
    "application/dash+xml",
    "application/eot",
    "application/font",
    "application/font-sfnt",
    "application/javascript",
    "application/json",
    "application/opentype",
    "application/otf",
    "application/pdf",
    "application/pkcs7-mime",
    "application/truetype",
    "application/ttf",
    "application/vnd.apple.mpegurl",
    "application/vnd.mapbox-vector-tile",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/xhtml+xml",
    "application/xml",
    "application/xml+rss",
    "application/x-font-opentype",
    "application/x-font-truetype",
    "application/x-font-ttf",
    "application/x-javascript",
    "font/ttf",
    "image/svg+xml",
];

/// The sizes of files that are compressed, in bytes.
const SIZES: std::ops::RangeInclusive<u64> = 1_000..=10_000_000;

/// An encoding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
}

/// Returns the encoding of a response that is going to be cached, for viewers that accept these encodings.
pub(super) fn choose(
    behavior: &Behavior,
    accepted: Encodings,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<Encoding> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    let is_text = kind.starts_with("text/") && kind != "text/event-stream";
    let fits = behavior.compresses
        && [200, 403, 404].contains(&status.as_u16())
        && length.is_some_and(|length| SIZES.contains(&length))
        && !headers.contains_key(header::CONTENT_ENCODING)
        && (is_text || TYPES.contains(&kind.as_str()));
    match (fits, accepted) {
        (true, Encodings { brotli: true, .. }) => Some(Encoding::Brotli),
        (true, Encodings { gzip: true, .. }) => Some(Encoding::Gzip),
        (true | false, _) => None,
    }
}

impl Encoding {
    /// Describes the compressed body in the headers. Its length is not known; its ETag is weak.
    pub(super) fn describe(self, headers: &mut HeaderMap) {
        let name = match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        };
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::ACCEPT_RANGES);
        let encoding = HeaderValue::from_static("Accept-Encoding");
        let varies = headers.get_all(header::VARY).iter().any(|value| {
            let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
            value.contains("accept-encoding")
        });
        if !varies {
            headers.append(header::VARY, encoding);
        }
        let etag = headers
            .get(header::ETAG)
            .and_then(|etag| etag.to_str().ok());
        if let Some(etag) = etag.filter(|etag| etag.starts_with('"'))
            && let Ok(weak) = HeaderValue::from_str(&format!("W/{etag}"))
        {
            headers.insert(header::ETAG, weak);
        }
    }

    /// Compresses a body, piece by piece.
    pub(super) fn wrap(self, body: Body) -> Body {
        let encoder = match self {
            Self::Brotli => {
                Encoder::Brotli(Box::new(CompressorWriter::new(Vec::new(), 4096, 5, 20)))
            }
            Self::Gzip => Encoder::Gzip(GzEncoder::new(Vec::new(), Compression::default())),
        };
        boxed(Compressed {
            body,
            encoder: Some(encoder),
        })
    }
}

enum Encoder {
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    /// Takes some bytes, and returns those that are ready.
    fn push(&mut self, data: &[u8]) -> std::io::Result<Vec<u8>> {
        Ok(match self {
            Self::Brotli(encoder) => {
                encoder.write_all(data)?;
                std::mem::take(encoder.get_mut())
            }
            Self::Gzip(encoder) => {
                encoder.write_all(data)?;
                std::mem::take(encoder.get_mut())
            }
        })
    }

    /// Returns the rest.
    fn finish(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

struct Compressed {
    body: Body,
    /// None after the end.
    encoder: Option<Encoder>,
}

impl HttpBody for Compressed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        loop {
            let Some(encoder) = &mut this.encoder else {
                return Poll::Ready(None);
            };
            let ready = match std::task::ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => encoder.push(&data),
                    // Trailers do not reach viewers.
                    Err(_) => continue,
                },
                Some(Err(error)) => {
                    this.encoder = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => match this.encoder.take() {
                    Some(encoder) => encoder.finish(),
                    None => return Poll::Ready(None),
                },
            };
            match ready {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes.into())))),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }
}
