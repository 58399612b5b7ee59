//! Listener rules: which requests go to which target group.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig,
    PathPatternConditionConfig, RewriteConfig, RuleCondition, RuleTransform,
    SourceIpConditionConfig, TransformTypeEnum, UrlRewriteConfig,
};
use serde::{Deserialize, Serialize};

use super::authentication::{self, Authentication};
use super::bearer_token::{self, BearerToken};
use super::create::Create;
use super::kind::Kind;
use super::listener::{forward, unauthorized};
use super::origin_secret::{self, OriginSecret};
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{ListenerArn, ListenerRuleArn, TargetGroupArn};
use crate::kind::ResourceKind;
use crate::spec::Conditions;

/// A new rule about requests for these paths, with this secret and this token.
#[derive(Clone, Debug)]
pub(crate) struct NewListenerRule {
    pub(crate) name: String,
    pub(crate) listener: ListenerArn,
    pub(crate) priority: u16,
    /// The patterns of the paths; empty for all paths.
    pub(crate) paths: Vec<String>,
    /// The conditions besides.
    pub(crate) conditions: Conditions,
    /// The expression that the path and the query are matched with, and what takes its place.
    pub(crate) rewrite: Option<(String, &'static str)>,
    /// The secret of the CDN, if the load balancer is behind one.
    pub(crate) secret: Option<OriginSecret>,
    /// The bearer token, if the load balancer asks for one.
    pub(crate) token: Option<BearerToken>,
    pub(crate) answer: Answer,
    pub(crate) owner: Owner,
}

/// The answer to the requests that a rule matches.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// That of the targets of this group, to those who have signed in, if they have to.
    Forwarded(TargetGroupArn, Option<Authentication>),
    /// 401: they lack the bearer token, since no rule before this one has matched.
    Unauthorized,
}

impl Create for NewListenerRule {
    type Id = ListenerRuleArn;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            listener: self.listener.clone(),
            priority: self.priority,
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<ListenerRuleArn, AwsError> {
        const OPERATION: &str = "elasticloadbalancing:CreateRule";
        let reply = aws
            .elastic_load_balancing
            .create_rule()
            .listener_arn(self.listener.as_str())
            .priority(self.priority.into())
            .set_conditions(Some(self.conditions()))
            .set_transforms(self.transforms())
            .set_actions(Some(self.actions()))
            .set_tags(Some(self.owner.elastic_load_balancing(&self.name)))
            .send()
            .await
            .map_err(AwsError::of(OPERATION))
            .map_err(|error| error.without(self.secrets()))?;
        let created = reply.rules.and_then(|all| all.into_iter().next());
        created
            .and_then(|rule| rule.rule_arn)
            .map(ListenerRuleArn::from_aws)
            .ok_or_else(|| AwsError::incomplete(OPERATION, "rule ARN"))
    }
}

impl NewListenerRule {
    fn conditions(&self) -> Vec<RuleCondition> {
        let paths = (!self.paths.is_empty()).then(|| {
            let paths = PathPatternConditionConfig::builder()
                .set_values(Some(self.paths.clone()))
                .build();
            RuleCondition::builder()
                .field("path-pattern")
                .path_pattern_config(paths)
                .build()
        });
        let secret = self.secret.as_ref();
        let secret = secret.map(|secret| origin_secret::condition([secret]));
        let token = self.token.as_ref();
        let token = token.map(|token| bearer_token::condition([token]));
        let others = further(&self.conditions);
        let all = paths.into_iter().chain(others);
        all.chain(secret).chain(token).collect()
    }

    fn actions(&self) -> Vec<Action> {
        match &self.answer {
            Answer::Forwarded(group, sign_in) => {
                authentication::before(sign_in.as_ref(), forward(group))
            }
            Answer::Unauthorized => vec![unauthorized()],
        }
    }

    /// Returns what no error may repeat.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        let sign_in = match &self.answer {
            Answer::Forwarded(_, sign_in) => sign_in.as_ref(),
            Answer::Unauthorized => None,
        };
        let secret = self.secret.as_ref().map(OriginSecret::as_str);
        let token = self.token.as_ref().map(BearerToken::expose);
        let of_client = sign_in.and_then(Authentication::secret);
        secret.into_iter().chain(token).chain(of_client)
    }

    fn transforms(&self) -> Option<Vec<RuleTransform>> {
        let (regex, replace) = self.rewrite.as_ref()?;
        let rewrite = RewriteConfig::builder()
            .regex(regex)
            .replace(*replace)
            .build();
        let transform = RuleTransform::builder()
            .r#type(TransformTypeEnum::UrlRewrite)
            .url_rewrite_config(UrlRewriteConfig::builder().rewrites(rewrite).build())
            .build();
        Some(vec![transform])
    }
}

/// Returns the conditions of a service besides its paths.
fn further(conditions: &Conditions) -> Vec<RuleCondition> {
    let mut further = Vec::new();
    let hosts = texts_of(conditions.host_patterns());
    if !hosts.is_empty() {
        let config = HostHeaderConditionConfig::builder().set_values(Some(hosts));
        let condition = RuleCondition::builder().field("host-header");
        further.push(condition.host_header_config(config.build()).build());
    }
    let methods = texts_of(conditions.http_methods());
    if !methods.is_empty() {
        let config = HttpRequestMethodConditionConfig::builder().set_values(Some(methods));
        let condition = RuleCondition::builder().field("http-request-method");
        further.push(condition.http_request_method_config(config.build()).build());
    }
    for (name, values) in conditions.header_patterns() {
        let config = HttpHeaderConditionConfig::builder()
            .http_header_name(name.as_str())
            .set_values(Some(texts_of(values)));
        let condition = RuleCondition::builder().field("http-header");
        further.push(condition.http_header_config(config.build()).build());
    }
    let ranges = texts_of(conditions.source_ranges());
    if !ranges.is_empty() {
        let config = SourceIpConditionConfig::builder().set_values(Some(ranges));
        let condition = RuleCondition::builder().field("source-ip");
        further.push(condition.source_ip_config(config.build()).build());
    }
    further
}

fn texts_of<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

/// A lookup by the priority: a listener has at most one rule of a priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) listener: ListenerArn,
    pub(crate) priority: u16,
}

impl Kind for Lookup {
    const NAME: &'static str = "listener rule";
    const AFTER: &'static [ResourceKind] = &[ResourceKind::TargetRegistration];

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws elbv2 delete-rule --rule-arn {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { listener, priority } = self;
        let reply = aws
            .elastic_load_balancing
            .describe_rules()
            .listener_arn(listener.as_str())
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DescribeRules"))?;
        let priority = priority.to_string();
        let rules = reply.rules.unwrap_or_default();
        Ok(rules
            .into_iter()
            .find(|rule| rule.priority() == Some(&priority))
            .and_then(|rule| rule.rule_arn))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let reply = aws
            .elastic_load_balancing
            .describe_rules()
            .rule_arns(id)
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DescribeRules"))?;
        let found = !reply.rules().is_empty();
        Ok(found.then(|| "active".to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.elastic_load_balancing
            .delete_rule()
            .rule_arn(id)
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DeleteRule"))?;
        Ok(())
    }
}
