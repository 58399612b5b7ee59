//! Listeners: the ports on which a load balancer accepts requests.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, FixedResponseActionConfig, ProtocolEnum,
    RedirectActionConfig, RedirectActionStatusCodeEnum,
};
use serde::{Deserialize, Serialize};

use super::authentication::{self, Authentication};
use super::create::Create;
use super::kind::Kind;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{CertificateArn, ListenerArn, LoadBalancerArn, TargetGroupArn};
use crate::kind::ResourceKind;

/// The port of HTTP.
pub(crate) const HTTP: u16 = 80;
/// The port of HTTPS.
pub(crate) const HTTPS: u16 = 443;

/// The protocols and ciphers that AWS recommends. They are always named: without a name, AWS takes those of 2016.
///
/// Source: Application Load Balancers guide, "Security policies for your Application Load Balancer".
const SECURITY_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";

/// A new listener.
#[derive(Clone, Debug)]
pub(crate) struct NewListener {
    pub(crate) name: String,
    pub(crate) load_balancer: LoadBalancerArn,
    /// The certificate with which the listener answers with HTTPS; without one, it answers with HTTP.
    pub(crate) certificate: Option<CertificateArn>,
    pub(crate) port: u16,
    pub(crate) others: OtherRequests,
    /// The sign-in that comes before the targets, if there is one.
    pub(crate) authentication: Option<Authentication>,
    pub(crate) owner: Owner,
}

/// The answer to requests that match no rule.
#[derive(Clone, Debug)]
pub(crate) enum OtherRequests {
    /// That of the targets of this group.
    Forwarded(TargetGroupArn),
    /// 404.
    NotFound,
    /// A redirection to HTTPS.
    Redirected,
    /// 403: the rules admit what comes through the CDN.
    Forbidden,
    /// 401: the rules admit what has the bearer token.
    Unauthorized,
}

impl OtherRequests {
    fn action(&self) -> Action {
        let (code, text) = match self {
            Self::Forwarded(target_group) => return forward(target_group),
            Self::Redirected => return redirect(),
            Self::NotFound => ("404", "no service at this path"),
            Self::Unauthorized => return unauthorized(),
            Self::Forbidden => ("403", "only through the CDN, and no service at other paths"),
        };
        fixed(code, text)
    }

    /// Returns the actions, of which the last one answers. Nobody has to sign in for an answer that no target gives.
    fn actions(&self, authentication: Option<&Authentication>) -> Vec<Action> {
        let first = authentication.filter(|_| matches!(self, Self::Forwarded(_)));
        authentication::before(first, self.action())
    }
}

impl Create for NewListener {
    type Id = ListenerArn;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            load_balancer: self.load_balancer.clone(),
            port: self.port,
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<ListenerArn, AwsError> {
        const OPERATION: &str = "elasticloadbalancing:CreateListener";
        let listener = aws
            .elastic_load_balancing
            .create_listener()
            .load_balancer_arn(self.load_balancer.as_str());
        let listener = match &self.certificate {
            None => listener.protocol(ProtocolEnum::Http),
            Some(arn) => listener
                .protocol(ProtocolEnum::Https)
                .ssl_policy(SECURITY_POLICY)
                .certificates(Certificate::builder().certificate_arn(arn.as_str()).build()),
        };
        let reply = listener
            .port(self.port.into())
            .set_default_actions(Some(self.others.actions(self.authentication.as_ref())))
            .set_tags(Some(self.owner.elastic_load_balancing(&self.name)))
            .send()
            .await
            .map_err(AwsError::of(OPERATION))
            .map_err(|error| {
                error.without(
                    self.authentication
                        .as_ref()
                        .and_then(Authentication::secret),
                )
            })?;
        let created = reply.listeners.and_then(|all| all.into_iter().next());
        created
            .and_then(|listener| listener.listener_arn)
            .map(ListenerArn::from_aws)
            .ok_or_else(|| AwsError::incomplete(OPERATION, "listener ARN"))
    }
}

/// A lookup by the port: a load balancer has at most one listener on a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) load_balancer: LoadBalancerArn,
    pub(crate) port: u16,
}

impl Kind for Lookup {
    const NAME: &'static str = "listener";
    const AFTER: &'static [ResourceKind] = &[ResourceKind::ListenerRule];

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws elbv2 delete-listener --listener-arn {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self {
            load_balancer,
            port,
        } = self;
        let reply = aws
            .elastic_load_balancing
            .describe_listeners()
            .load_balancer_arn(load_balancer.as_str())
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DescribeListeners"))?;
        let listeners = reply.listeners.unwrap_or_default();
        Ok(listeners
            .into_iter()
            .find(|listener| listener.port == Some((*port).into()))
            .and_then(|listener| listener.listener_arn))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let reply = aws
            .elastic_load_balancing
            .describe_listeners()
            .listener_arns(id)
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DescribeListeners"))?;
        let found = !reply.listeners().is_empty();
        Ok(found.then(|| "active".to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.elastic_load_balancing
            .delete_listener()
            .listener_arn(id)
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DeleteListener"))?;
        Ok(())
    }
}

/// Returns the action that sends browsers to the same address with HTTPS.
fn redirect() -> Action {
    let to_https = RedirectActionConfig::builder()
        .protocol("HTTPS")
        .port(HTTPS.to_string())
        .status_code(RedirectActionStatusCodeEnum::Http301)
        .build();
    Action::builder()
        .r#type(ActionTypeEnum::Redirect)
        .redirect_config(to_https)
        .build()
}

/// Returns the action that refuses requests without the bearer token.
pub(super) fn unauthorized() -> Action {
    fixed(
        "401",
        "the bearer token is missing or wrong, or no service is at this path",
    )
}

/// Returns the action that answers with a text.
fn fixed(code: &str, text: &str) -> Action {
    let response = FixedResponseActionConfig::builder()
        .status_code(code)
        .content_type("text/plain")
        .message_body(text)
        .build();
    Action::builder()
        .r#type(ActionTypeEnum::FixedResponse)
        .fixed_response_config(response)
        .build()
}

/// Returns the action that forwards requests to a target group.
pub(super) fn forward(target_group: &TargetGroupArn) -> Action {
    Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(target_group.as_str())
        .build()
}
