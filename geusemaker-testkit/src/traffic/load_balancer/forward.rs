//! Requests to targets.

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use super::{Connection, answer, target};
use crate::sim::elastic_load_balancing::action::Action;
use crate::sim::guest::Software;
use crate::traffic::body::{self, Body};
use crate::traffic::instance;

pub(super) async fn answer(
    connection: &Connection,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let aws = &connection.aws;
    let candidates: Option<(String, Vec<target::Candidate>)> = aws.read(|account, now| {
        let region = connection.load_balancer.split(':').nth(3)?;
        let elb = &account.regions.get(region)?.elastic_load_balancing;
        let listener = elb.listener_on(&connection.load_balancer, connection.port)?;
        let Some(Action::Forward { groups, .. }) = listener.default_rule.actions.last() else {
            return None;
        };
        let group = groups.first()?;
        let software = Software {
            guest: &**aws.guest(),
            timings: account.rng.timings(),
        };
        let candidates = target::candidates(account, software, region, &group.arn, now);
        Some((group.arn.clone(), candidates))
    });
    let Some((group, candidates)) = candidates.filter(|(_, found)| !found.is_empty()) else {
        return Ok(answer::page(StatusCode::SERVICE_UNAVAILABLE));
    };
    let turn = connection.plane.nodes.turns.next(&group) % candidates.len();
    let Some(chosen) = candidates.get(turn) else {
        return Ok(answer::page(StatusCode::SERVICE_UNAVAILABLE));
    };
    let stream = instance::accept(
        aws,
        &connection.plane,
        &chosen.region,
        &chosen.instance,
        chosen.port,
    );
    let Ok(stream) = stream.await else {
        return Ok(answer::page(StatusCode::BAD_GATEWAY));
    };
    let Ok((mut sender, back)) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await
    else {
        return Ok(answer::page(StatusCode::BAD_GATEWAY));
    };
    tokio::spawn(back);
    Ok(match sender.send_request(request).await {
        Ok(response) => response.map(body::boxed),
        Err(_) => answer::page(StatusCode::BAD_GATEWAY),
    })
}
