//! `Session::plan`: checks the spec against the account, and chooses everything that it leaves open. It only reads, and
//! reports everything that is wrong at once.

mod access;
mod candidates;
mod cdn_policies;
mod domain;
mod file_system;
mod image;
mod instance_types;
mod names;
mod network;
mod network_quota;
mod new_network;
mod permissions;
mod quota;
mod report;
mod reservation;

use futures::future::OptionFuture;

use self::report::Report;
use super::Session;
use crate::account::Account;
use crate::deployment::Deployment;
use crate::deployment::state::Planned;
use crate::error::Error;
use crate::id::AccountId;
use crate::journal::Journal;
use crate::ledger::exists;
use crate::ledger::unstarted::Unstarted;
use crate::plan::Plan;
use crate::plan::problem::PlanProblem;
use crate::progress::step::Step;
use crate::spec::{DeploymentSpec, StackName};

impl Session {
    /// Checks a spec against the account: credentials, network, image, zones, quotas and names. It only reads.
    ///
    /// # Errors
    /// Returns an error if the stack exists in these journals ([`Error::Exists`], or [`Error::Locked`] while another
    /// process works on it), the spec does not fit
    /// ([`Error::Plan`], with everything that is wrong), or AWS cannot be asked ([`Error::Aws`]). Nothing was created.
    pub async fn plan(&self, spec: DeploymentSpec) -> Result<Deployment<Planned>, Error> {
        let region = self.region_or(spec.region())?;
        let account = self.account(region).of_stack(spec.name());
        self.cleanup().ensure_open(spec.name())?;
        // Its names in AWS are taken, and AWS would not say by what.
        self.ensure_gone(&account, spec.name()).await?;
        account.progress.step(Step::CheckingAccount);
        let identity = account.identity().await?;
        let look = Preflight {
            session: self,
            account: &account,
            spec: &spec,
        };
        let plan = match Box::pin(look.plan(identity.account)).await {
            Ok(plan) => plan,
            // What is in the way may be what another process is just creating for this stack.
            Err(error) => {
                self.ensure_gone(&account, spec.name()).await?;
                return Err(error);
            }
        };
        let unstarted = Unstarted::new(self.store(), account, self.cleanup());
        Ok(Deployment::new(unstarted.into(), Planned { plan }))
    }
}

impl Session {
    /// Returns an error if the stack exists. One that is being undone in the background is waited for: its owner has just
    /// given it up with `?`.
    async fn ensure_gone(&self, account: &Account, stack: &StackName) -> Result<(), Error> {
        if Journal::open(self.store(), stack).await?.state.is_gone() {
            return Ok(());
        }
        self.drain().await;
        let journal = Journal::open(self.store(), stack).await?;
        if journal.state.is_gone() {
            return Ok(());
        }
        Err(exists(&journal, stack, account.clock.now()))
    }
}

/// The preflight checks of a spec in an account.
struct Preflight<'a> {
    session: &'a Session,
    account: &'a Account,
    spec: &'a DeploymentSpec,
}

impl Preflight<'_> {
    /// Makes all checks: first those that depend on nothing, then those that need their results.
    async fn plan(&self, account: AccountId) -> Result<Plan, Error> {
        let mut report = Report::default();
        let types = self.instance_types(&mut report).await;
        let image = types.as_deref().map(|types| self.image(types[0]));
        let offers = types.as_deref().map(|types| self.offers(types));
        let (image, offers) = (OptionFuture::from(image), OptionFuture::from(offers));
        let mut of_network = Report::default();
        let mut of_cdn = Report::default();
        let (
            network,
            image,
            offers,
            reserved,
            prefix_list,
            key_pair,
            profile,
            secrets,
            client_secret,
            hosted_zone,
            certificates,
            (),
        ) = futures::join!(
            self.network(&mut of_network),
            image,
            offers,
            self.reserved_zone(),
            self.cloudfront_prefix_list(),
            self.key_pair(),
            self.instance_profile(),
            self.secrets(),
            self.client_secret(),
            self.hosted_zone(),
            self.certificates(),
            self.cdn_policies(&mut of_cdn),
        );
        report.extend(of_network);
        let image = image.and_then(|image| report.take(image));
        let mut offers = offers.and_then(|offers| report.take(offers));
        if let (Some(Some(zone)), Some(offers)) = (report.take(reserved), &mut offers) {
            offers.iter_mut().for_each(|offer| offer.keep_zone(&zone));
        }
        let prefix_list = report.take(prefix_list);
        report.take(key_pair);
        report.take(profile);
        report.take(secrets);
        report.take(client_secret);
        let hosted_zone = report.take(hosted_zone);
        report.take(certificates);
        report.extend(of_cdn);

        let network = match (self.spec.network().range(), &offers) {
            (None, _) => network,
            (Some(range), Some(offers)) => report.take(self.new_network(range, offers).await),
            (Some(_), None) => None,
        };
        let candidates = match (&network, &offers) {
            (Some(network), Some(offers)) => report.take(self.candidates(network, offers)),
            _ => None,
        };
        if let (Some(network), Some(offers)) = (&network, &offers) {
            self.addresses(network, offers, &mut report);
        }
        let mut of_quotas = Report::default();
        let mut of_network_quotas = Report::default();
        let mut of_permissions = Report::default();
        let mut of_file_system = Report::default();
        let (file_system, names, (), (), candidates) = futures::join!(
            self.adopted_file_system(network.as_ref(), &mut of_file_system),
            self.names(network.as_ref()),
            self.network_quotas(&mut of_network_quotas),
            self.permissions(
                network.as_ref(),
                image.as_ref(),
                candidates.as_deref(),
                &mut of_permissions
            ),
            self.within_quotas(candidates.clone(), &mut of_quotas),
        );
        report.extend(of_network_quotas);
        report.extend(of_quotas);
        report.extend(of_file_system);
        let file_system = report.take(file_system);
        let candidates = match (candidates, &file_system) {
            (Some(candidates), Some(Some(found))) => {
                report.take(self.in_only_zone(found, candidates))
            }
            (candidates, _) => candidates,
        };
        report.take(names);
        report.extend(of_permissions);
        report.conclude()?;
        let (
            Some(network),
            Some(image),
            Some(candidates),
            Some(adopted),
            Some(prefix_list),
            Some(hosted_zone),
        ) = (
            network,
            image,
            candidates,
            file_system,
            prefix_list,
            hosted_zone,
        )
        else {
            unreachable!("a check without a result is in the report")
        };
        Ok(Plan {
            account,
            region: self.account.region.clone(),
            network: network.planned,
            candidates,
            image,
            adopted_file_system: adopted.map(|found| found.adopted),
            cloudfront_prefix_list: prefix_list,
            hosted_zone,
            spec: self.spec.clone(),
            warnings: report.warnings,
        })
    }

    fn missing(&self, field: &'static str, id: &impl ToString) -> PlanProblem {
        let region = self.account.region.clone();
        let id = id.to_string();
        PlanProblem::Missing { field, id, region }
    }
}
