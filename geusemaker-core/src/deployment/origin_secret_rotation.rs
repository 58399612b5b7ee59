//! The change of the secret between the CDN and the load balancer, in which every request is served.
//!
//! The load balancer admits the old secret until no edge location sends it any more, and the new one before the first
//! edge location sends it. Wherever this ends half way, some rules admit two secrets, and the next rotation finishes
//! that first.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::listeners::{READING_RULES, rule_key};
use crate::error::Error;
use crate::id::{DistributionId, ListenerArn};
use crate::kind::ResourceKind;
use crate::ledger::Ledger;
use crate::progress::step::Step;
use crate::resource::distribution::{self, Distribution, SendingDistribution, SentSecret};
use crate::resource::origin_secret::{self, AdmittedSecrets, ClosedRule, OriginSecret};
use crate::resource_key::ResourceKey;
use crate::spec::Cdn;
use crate::wait::timeouts::Stage;
use crate::wait::{Expected, Wait};

/// The time for a changed rule to reach every part of a load balancer. AWS does not say how long that takes; half a
/// minute is assumed.
const RULE_PROPAGATION: Duration = Duration::from_secs(30);

/// The time after which no request of a run that was killed is on its way any more.
const LATE_REQUEST: Duration = Duration::from_secs(60);

/// The result of a rotation, from [`Session::rotate_origin_secret`](crate::Session::rotate_origin_secret). The secret
/// itself is nowhere but at AWS.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 3\ncompute.instance_type = 'g5.xlarge'\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// # let balanced = session.plan(spec).await?.launch().await?.balance().await?;
/// # let stack = balanced.publish().await?.commit().await?;
/// use geusemaker_core::RotatedOriginSecret;
///
/// let rotated: RotatedOriginSecret = session.rotate_origin_secret(&stack.name).await?;
/// println!("{} sends a new secret to {} rules", rotated.distribution.id, rotated.rules);
/// assert!(!rotated.finished_earlier);
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RotatedOriginSecret {
    /// The distribution that sends the new secret.
    pub distribution: Distribution,
    /// The number of rules of the load balancer that admit the new secret alone.
    pub rules: usize,
    /// True if an earlier rotation was interrupted, and was finished first.
    pub finished_earlier: bool,
}

/// Changes the secret.
pub(crate) async fn rotate(
    ledger: &Arc<Ledger>,
    id: &DistributionId,
) -> Result<RotatedOriginSecret, Error> {
    if ledger.plan.spec.has_vpc_origin() {
        return Err(Error::NoSecretNeeded {
            stack: ledger.owner.stack.clone(),
        });
    }
    ledger.account.progress.step(Step::RotatingOriginSecret);
    let (old, finished_earlier) = settled(ledger, id).await?;
    let new = OriginSecret::random();
    let both: BTreeSet<_> = old.into_iter().chain([new.clone()]).collect();
    admit(ledger, &both).await?;
    ledger.account.clock.sleep(RULE_PROPAGATION).await;
    let sent = SentSecret {
        distribution: id.clone(),
        secret: new.clone(),
    };
    let key = ledger.resource(id).map(|found| found.key);
    let key = key.unwrap_or_else(|| ResourceKey::new("distribution"));
    ledger.apply(key, sent).await?;
    let sending = deployed(ledger, id, Some(&new)).await?;
    let rules = admit(ledger, &[new].into()).await?;
    Ok(RotatedOriginSecret {
        distribution: sending.distribution,
        rules,
        finished_earlier,
    })
}

/// Waits until all edge locations send the same secret, and finishes a rotation that was interrupted: the rules then
/// admit that secret alone. Returns the secret, and true if there was something to finish.
async fn settled(
    ledger: &Arc<Ledger>,
    id: &DistributionId,
) -> Result<(Option<OriginSecret>, bool), Error> {
    loop {
        let sending = deployed(ledger, id, None).await?;
        let rules = closed_rules(ledger).await?;
        if rules.is_empty() {
            return Err(Error::NoOriginSecret {
                stack: ledger.owner.stack.clone(),
            });
        }
        // Without the header, every request is refused already.
        let Some(sent) = sending.secret else {
            return Ok((None, false));
        };
        let alone = BTreeSet::from([sent.clone()]);
        if rules.iter().all(|rule| rule.admitted == alone) {
            return Ok((Some(sent), false));
        }
        if rules.iter().any(|rule| !rule.admitted.contains(&sent)) {
            // Somebody has changed a rule by hand, and its requests are refused.
            admit(ledger, &alone).await?;
            return Ok((Some(sent), true));
        }
        // The update of a run that was killed may still be on its way. Its secret is admitted until then.
        ledger.account.clock.sleep(LATE_REQUEST).await;
        let again = distribution::sending(&ledger.account.reader, id)
            .await
            .map_err(Error::aws("looking at the distribution"))?;
        if again.is_deployed && again.secret.as_ref() == Some(&sent) {
            admit(ledger, &alone).await?;
            return Ok((Some(sent), true));
        }
    }
}

/// Waits until the distribution is deployed: with this secret, if one is given.
async fn deployed(
    ledger: &Arc<Ledger>,
    id: &DistributionId,
    secret: Option<&OriginSecret>,
) -> Result<SendingDistribution, Error> {
    let account = &ledger.account;
    let usual = account.timeouts.of_spec(
        Stage::Cdn,
        ledger.plan.spec.cdn().wait_timeout(),
        Cdn::default().wait_timeout(),
    );
    let deadline = account.timeouts.of(Stage::Cdn, usual);
    let what = match secret {
        Some(_) => "all edge locations to send the new secret",
        None => "CloudFront deployment",
    };
    let sending = Wait::new(what, Expected::seconds(150, 480, deadline))
        .about(ledger.resource(id))
        .until(&account.clock, &account.progress, || {
            distribution::sending_everywhere(&account.reader, id, secret)
        });
    Ok(sending.await?)
}

/// Makes every rule that asks for a secret admit these. Returns the number of such rules.
async fn admit(ledger: &Arc<Ledger>, secrets: &BTreeSet<OriginSecret>) -> Result<usize, Error> {
    let rules = closed_rules(ledger).await?;
    for rule in &rules {
        if rule.admitted != *secrets {
            let admitted = AdmittedSecrets {
                rule: rule.arn.clone(),
                secrets: secrets.clone(),
            };
            ledger.apply(rule_key(ledger, &rule.arn), admitted).await?;
        }
    }
    Ok(rules.len())
}

/// Returns the rules of all listeners that ask for a secret.
async fn closed_rules(ledger: &Ledger) -> Result<Vec<ClosedRule>, Error> {
    let mut rules = Vec::new();
    for entry in &ledger.state().entries() {
        if entry.lookup.kind() == ResourceKind::Listener
            && let Some(id) = entry.id()
        {
            let listener = ListenerArn::from_aws(id);
            let found = origin_secret::closed_rules(&ledger.account.reader, &listener).await;
            rules.extend(found.map_err(Error::aws(READING_RULES))?);
        }
    }
    Ok(rules)
}
