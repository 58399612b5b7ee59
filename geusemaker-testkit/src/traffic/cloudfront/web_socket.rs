//! Connections that have switched to another protocol: bytes go to and fro, until nothing has moved for long.

use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::upgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::traffic::body::Body;

/// The time without any data after which CloudFront closes a WebSocket. Amazon CloudFront Developer Guide: Use
/// WebSockets with CloudFront distributions.
const IDLE: Duration = Duration::from_secs(600);

/// Passes bytes between a viewer and an origin, once both have switched.
pub(super) fn relay(request: &mut Request<Incoming>, response: &mut Response<Body>) {
    let (viewer, origin) = (upgrade::on(request), upgrade::on(response));
    tokio::spawn(async move {
        if let (Ok(viewer), Ok(origin)) = tokio::join!(viewer, origin) {
            pass(TokioIo::new(viewer), TokioIo::new(origin)).await;
        }
    });
}

async fn pass(viewer: impl AsyncRead + AsyncWrite, origin: impl AsyncRead + AsyncWrite) {
    let ((from_viewer, to_viewer), (from_origin, to_origin)) = (split(viewer), split(origin));
    let (moved, last_move) = watch::channel(Instant::now());
    let both = async {
        tokio::join!(
            copy(from_viewer, to_origin, &moved),
            copy(from_origin, to_viewer, &moved),
        )
    };
    let idle = async {
        loop {
            let end = *last_move.borrow() + IDLE;
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    };
    tokio::select! {
        _ = both => {}
        () = idle => {}
    }
}

/// Copies until the end of one side, and passes the end on.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    moved: &watch::Sender<Instant>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer).await
        && count > 0
    {
        moved.send_replace(Instant::now());
        let Some(bytes) = buffer.get(..count) else {
            return;
        };
        if to.write_all(bytes).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
    // The other side may have gone already.
    let _ = to.shutdown().await;
}
