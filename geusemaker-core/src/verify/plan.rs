//! The checks of a stack, from its spec and from what exists: all of them are made at the same time.

use std::pin::Pin;

use futures::future::join_all;
use hyper::header::{AUTHORIZATION, HeaderValue};

use super::answer::{self, Expected};
use super::check::{Check, CheckKind, Way};
use super::finding::{Finding, Subject};
use super::internet::Internet;
use super::place::Place;
use super::request::{Reaching, reach};
use super::viewer::{Asked, Viewer};
use super::{known, refusal, stream, websocket};
use crate::aws::clock::Clock;
use crate::plan::reached::{AlbHealthy, Reached};
use crate::resource::bearer_token::BearerToken;
use crate::resource::listener::HTTPS;
use crate::spec::{Auth, DeploymentSpec, OnUnauthenticated, Scheme, Service};

/// The token that the load balancer asks for, or the reason why it is not known; none if it asks for none.
pub(crate) type Token = Option<Result<BearerToken, String>>;

type Checking<'a> = Pin<Box<dyn Future<Output = Check> + Send + 'a>>;

/// Makes all checks of a stack.
pub(crate) async fn verify(
    spec: &DeploymentSpec,
    reached: &Reached,
    token: &Token,
    internet: &Internet,
    clock: Clock,
) -> Vec<Check> {
    let viewer = Viewer::new(internet.clone(), clock);
    let plan = Plan {
        spec,
        viewer: &viewer,
        token,
    };
    let checks = match reached.alb() {
        None => plan.on_instances(reached),
        Some(alb) if reached.distribution().is_none() => plan.through_load_balancer(alb),
        Some(alb) => plan.through_cdn(reached, alb),
    };
    join_all(checks).await
}

struct Plan<'a> {
    spec: &'a DeploymentSpec,
    viewer: &'a Viewer,
    token: &'a Token,
}

/// A place that services are reached at.
#[derive(Clone)]
struct At {
    way: Way,
    place: Place,
    /// The reason why this machine may not reach it, if there is one.
    closed_to: Option<String>,
}

/// The proof that a request has.
enum Proof {
    None,
    Header(HeaderValue),
    /// Nobody has signed in.
    SignIn(OnUnauthenticated),
    Unknown(String),
}

impl<'a> Plan<'a> {
    /// Returns the checks of services that no load balancer stands in front of.
    fn on_instances(&self, reached: &'a Reached) -> Vec<Checking<'a>> {
        let mut checks = Vec::new();
        for service in self.spec.served_services() {
            if self.spec.access().allow().is_empty() {
                let why = "access.allow admits nobody: only a forwarded port leads to it";
                checks.push(skipped(
                    subject(service, Way::Instance, CheckKind::Answer),
                    why,
                ));
                continue;
            }
            for instance in &reached.ec2().instances {
                let subject = |kind| Subject {
                    instance: Some(instance.id.clone()),
                    ..subject(service, Way::Instance, kind)
                };
                let Some(address) = &instance.public_ip else {
                    let why = "the instance has no public address";
                    checks.push(skipped(subject(CheckKind::Answer), why));
                    continue;
                };
                let Some(port) = service.port() else { continue };
                let at = |port| At {
                    way: Way::Instance,
                    place: Place::on_instance(address, port),
                    closed_to: self.closed_to(),
                };
                let (path, expected) = wanted(service);
                // The health check may have a port of its own.
                let of_health = service.health().port().unwrap_or(port.host());
                checks.push(self.answer(
                    subject(CheckKind::Answer),
                    at(of_health),
                    Asked::get(path),
                    expected,
                ));
                checks.extend(self.others(
                    &subject,
                    &at(port.host()),
                    |path| Ok(Asked::get(path)),
                    service,
                ));
            }
        }
        checks
    }

    fn through_load_balancer(&self, alb: &'a AlbHealthy) -> Vec<Checking<'a>> {
        let Some(place) = Place::of_load_balancer(self.spec, alb) else {
            let why = "the certificate of the load balancer is for a name that the spec does not say: set domain.name";
            let services = self.spec.served_services();
            let skipped = services.map(|service| {
                skipped(subject(service, Way::LoadBalancer, CheckKind::Answer), why)
            });
            return skipped.collect();
        };
        let at = At {
            way: Way::LoadBalancer,
            place,
            closed_to: self.closed_to(),
        };
        let mut checks = self.services(&at);
        if at.place.is_secure {
            checks.push(self.redirect(&at));
        }
        checks
    }

    fn through_cdn(&self, reached: &'a Reached, alb: &'a AlbHealthy) -> Vec<Checking<'a>> {
        let Some(place) = Place::of_cdn(self.spec, reached) else {
            return Vec::new();
        };
        let at = At {
            way: Way::Cdn,
            place,
            closed_to: None,
        };
        let mut checks = self.services(&at);
        checks.push(self.redirect(&at));
        checks.push(self.direct_request(alb));
        checks
    }

    /// Returns the checks of all services at a place behind which the load balancer's rules decide.
    fn services(&self, at: &At) -> Vec<Checking<'a>> {
        let services = self.spec.served_services();
        services
            .flat_map(|service| self.service(service, at))
            .collect()
    }

    fn service(&self, service: &'a Service, at: &At) -> Vec<Checking<'a>> {
        let subject = |kind| subject(service, at.way, kind);
        let (path, expected) = wanted(service);
        let any = service.verify().path().is_none();
        let reaching = reach(self.spec, service, &at.place.name, path, any);
        let Reaching { asked, is_wanted } = match reaching.and_then(|it| self.served_at(it, at)) {
            Ok(reaching) => reaching,
            Err(why) => return vec![skipped(subject(CheckKind::Answer), why)],
        };
        // Another path, or another port, has no answer that is known.
        let other_port = service.verify().path().is_none() && service.health().port().is_some();
        let expected = match is_wanted && !other_port {
            true => expected,
            false => Expected::OfService,
        };
        let at = at.clone();
        match self.proof() {
            Proof::Unknown(why) => vec![skipped(subject(CheckKind::Answer), why)],
            Proof::SignIn(OnUnauthenticated::Authenticate) => {
                vec![self.sign_in(subject(CheckKind::SignIn), at, asked)]
            }
            Proof::SignIn(OnUnauthenticated::Deny) => {
                vec![self.refused(subject(CheckKind::SignIn), at, asked)]
            }
            Proof::SignIn(OnUnauthenticated::Allow) | Proof::None => {
                let mut checks =
                    vec![self.answer(subject(CheckKind::Answer), at.clone(), asked, expected)];
                checks.extend(self.others(
                    &subject,
                    &at,
                    |path| self.routed(service, &at, path, None),
                    service,
                ));
                checks
            }
            Proof::Header(token) => {
                let mut checks = vec![
                    self.answer(
                        subject(CheckKind::Answer),
                        at.clone(),
                        with_token(asked.clone(), &token),
                        expected,
                    ),
                    self.refused(subject(CheckKind::NoToken), at.clone(), asked),
                ];
                let routed = |path: &str| self.routed(service, &at, path, Some(&token));
                checks.extend(self.others(&subject, &at, routed, service));
                checks
            }
        }
    }

    /// Returns the request for a path of a service behind the load balancer's rules.
    fn routed(
        &self,
        service: &Service,
        at: &At,
        path: &str,
        token: Option<&HeaderValue>,
    ) -> Result<Asked, String> {
        let asked = reach(self.spec, service, &at.place.name, path, false)?.asked;
        Ok(match token {
            Some(token) => with_token(asked, token),
            None => asked,
        })
    }

    /// Returns a request if the place takes its host.
    fn served_at(&self, reaching: Reaching, at: &At) -> Result<Reaching, String> {
        match &reaching.asked.host {
            Some(host) if at.way == Way::Cdn && *host != at.place.name => {
                let is_alias = self.spec.cdn_certificate().is_some()
                    && self.spec.names().iter().any(|name| name.as_str() == host);
                match is_alias {
                    true => Ok(reaching),
                    false => Err(format!(
                        "the CDN has no alias {host}, which its conditions ask for"
                    )),
                }
            }
            _ => Ok(reaching),
        }
    }

    /// Returns the checks of what a service says that it has: a stream and a WebSocket.
    fn others(
        &self,
        subject: &dyn Fn(CheckKind) -> Subject,
        at: &At,
        asked: impl Fn(&str) -> Result<Asked, String>,
        service: &'a Service,
    ) -> Vec<Checking<'a>> {
        let verify = service.verify();
        let stream = subject(CheckKind::Stream);
        let stream = match verify.stream().map(|path| asked(path.as_str())) {
            None => skipped(
                stream,
                "the spec names no streamed answer: set verify.stream",
            ),
            Some(Err(why)) => skipped(stream, why),
            Some(Ok(asked)) => {
                let asked = stream::asking(asked, verify.stream_body());
                self.streamed(stream, at.clone(), asked)
            }
        };
        let socket = subject(CheckKind::WebSocket);
        let socket = match known::websocket(service).map(asked) {
            None => skipped(socket, "the spec names no WebSocket: set verify.websocket"),
            Some(Err(why)) => skipped(socket, why),
            Some(Ok(asked)) => self.socket(socket, at.clone(), asked),
        };
        vec![stream, socket]
    }

    fn answer(&self, subject: Subject, at: At, asked: Asked, expected: Expected) -> Checking<'a> {
        let viewer = self.viewer;
        Box::pin(async move {
            let At {
                place, closed_to, ..
            } = &at;
            let found = answer::check(viewer, place, &asked, &expected, closed_to.as_deref());
            subject.check(Some(asked.url(place)), found.await)
        })
    }

    fn refused(&self, subject: Subject, at: At, asked: Asked) -> Checking<'a> {
        let viewer = self.viewer;
        Box::pin(async move {
            let At {
                place, closed_to, ..
            } = &at;
            let found = answer::check_refused(viewer, place, &asked, closed_to.as_deref());
            subject.check(Some(asked.url(place)), found.await)
        })
    }

    fn sign_in(&self, subject: Subject, at: At, asked: Asked) -> Checking<'a> {
        let viewer = self.viewer;
        Box::pin(async move {
            let At {
                place, closed_to, ..
            } = &at;
            let found = answer::check_sign_in(viewer, place, &asked, closed_to.as_deref());
            subject.check(Some(asked.url(place)), found.await)
        })
    }

    fn streamed(&self, subject: Subject, at: At, asked: Asked) -> Checking<'a> {
        let viewer = self.viewer;
        Box::pin(async move {
            let At {
                place, closed_to, ..
            } = &at;
            let found = stream::check(viewer, place, &asked, closed_to.as_deref());
            subject.check(Some(asked.url(place)), found.await)
        })
    }

    fn socket(&self, subject: Subject, at: At, asked: Asked) -> Checking<'a> {
        let viewer = self.viewer;
        Box::pin(async move {
            let At {
                place, closed_to, ..
            } = &at;
            let found = websocket::check(viewer, place, &asked, closed_to.as_deref());
            let url = asked.url(place).replacen("http", "ws", 1);
            subject.check(Some(url), found.await)
        })
    }

    fn redirect(&self, at: &At) -> Checking<'a> {
        let (viewer, at) = (self.viewer, at.clone());
        Box::pin(async move {
            let place = at.place.without_tls();
            let found = refusal::check_redirect(viewer, &place, at.closed_to.as_deref()).await;
            of_stack(at.way, CheckKind::Redirect).check(Some(place.to_string()), found)
        })
    }

    fn direct_request(&self, alb: &AlbHealthy) -> Checking<'a> {
        let subject = of_stack(Way::LoadBalancer, CheckKind::DirectRequest);
        if self.spec.balancer_scheme() == Scheme::Internal {
            return skipped(
                subject,
                "it is internal: only the VPC origin of CloudFront leads to it",
            );
        }
        let dns = &alb.load_balancer.dns_name;
        let place = Place::of_load_balancer(self.spec, alb).unwrap_or_else(|| Place {
            host: dns.clone(),
            port: HTTPS,
            is_secure: true,
            name: dns.clone(),
        });
        let (viewer, place) = (self.viewer, place.at(dns));
        Box::pin(async move {
            let found = refusal::check_direct(viewer, &place).await;
            subject.check(Some(place.to_string()), found)
        })
    }

    /// Returns the reason why this machine may not reach what `access.allow` opens, if there is one.
    fn closed_to(&self) -> Option<String> {
        let allow = self.spec.access().allow();
        if self.spec.balancer_scheme() == Scheme::Internal {
            return Some(
                "the load balancer is internal, and this machine may be outside its network"
                    .to_owned(),
            );
        }
        let first = allow.first()?;
        let is_open = allow.iter().any(|range| range.is_everywhere());
        (!is_open).then(|| match allow.len() {
            1 => format!("access.allow admits {first} alone"),
            _ => format!("access.allow admits {first} and other ranges alone"),
        })
    }

    fn proof(&self) -> Proof {
        match (self.spec.load_balancer().auth(), self.token) {
            (None, _) => Proof::None,
            (Some(Auth::Bearer), Some(Ok(token))) => {
                match HeaderValue::from_str(&format!("Bearer {}", token.expose())) {
                    Ok(mut header) => {
                        header.set_sensitive(true);
                        Proof::Header(header)
                    }
                    Err(error) => Proof::Unknown(format!("the token cannot be sent: {error}")),
                }
            }
            (Some(Auth::Bearer), Some(Err(why))) => {
                Proof::Unknown(format!("the bearer token cannot be read: {why}"))
            }
            (Some(Auth::Bearer), None) => {
                Proof::Unknown("the bearer token is not known".to_owned())
            }
            (Some(auth @ (Auth::Oidc(_) | Auth::Cognito(_))), _) => {
                Proof::SignIn(auth.on_unauthenticated().unwrap_or_default())
            }
        }
    }
}

fn subject(service: &Service, way: Way, kind: CheckKind) -> Subject {
    Subject {
        service: Some(service.name().clone()),
        way,
        instance: None,
        kind,
    }
}

fn of_stack(way: Way, kind: CheckKind) -> Subject {
    Subject {
        service: None,
        way,
        instance: None,
        kind,
    }
}

/// Returns the path with which a service is asked, and the answer that is expected.
fn wanted(service: &Service) -> (&str, Expected) {
    match service.verify().path() {
        Some(path) => (path.as_str(), Expected::Success),
        None => {
            let health = service.health();
            (
                health.path().as_str(),
                Expected::Healthy(health.matcher().clone()),
            )
        }
    }
}

fn with_token(mut asked: Asked, token: &HeaderValue) -> Asked {
    asked.headers.push((AUTHORIZATION, token.clone()));
    asked
}

fn skipped<'a>(subject: Subject, why: impl Into<String>) -> Checking<'a> {
    let check = subject.check(None, Finding::skipped(why));
    Box::pin(std::future::ready(check))
}
