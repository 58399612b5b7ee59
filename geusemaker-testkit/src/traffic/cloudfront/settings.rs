//! The distributions as the edges have them, compiled once for each change of the account.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use rustls::ServerConfig;

use super::behavior::{self, Behavior};
use super::invalidation::Invalidation;
use super::origin_settings::{self, OriginSettings};
use crate::aws::Aws;
use crate::lock::lock;
use crate::sim::account::Account;
use crate::sim::cloudfront::at_edges::{AtEdges, items};
use crate::traffic::authority::{Authority, covers};
use crate::wire::xml::Element;

/// The time for which errors are cached if a distribution does not say.
const ERROR_TIME: Duration = Duration::from_secs(10);

/// All viewers are in this country.
pub(super) const COUNTRY: &str = "US";

/// The distributions of the account, in the form of the last change.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Option<(u64, Arc<Settings>)>>);

impl Known {
    /// Returns the distributions as they are now.
    pub(super) fn current(&self, aws: &Aws) -> Arc<Settings> {
        let generation = aws.generation();
        if let Some((known, settings)) = &*lock(&self.0)
            && *known == generation
        {
            return Arc::clone(settings);
        }
        let settings = Arc::new(aws.read(|account, _| Settings::read(account)));
        *lock(&self.0) = Some((generation, Arc::clone(&settings)));
        settings
    }
}

/// The distributions of an account.
#[derive(Debug)]
pub(super) struct Settings(Vec<Distribution>);

/// A distribution.
#[derive(Debug)]
pub(super) struct Distribution {
    pub(super) id: String,
    domain_name: String,
    /// The configurations, each with the time from which it is in force.
    configs: Vec<(Timestamp, Arc<Config>)>,
    /// In order of creation.
    pub(super) invalidations: Arc<[Invalidation]>,
}

/// A configuration of a distribution.
#[derive(Debug)]
pub(super) struct Config {
    aliases: Vec<String>,
    pub(super) is_enabled: bool,
    /// True if the distribution does not answer viewers of the country.
    pub(super) blocks_viewers: bool,
    pub(super) root_object: String,
    has_certificate: bool,
    /// The protocols that viewers can choose, by their names in TLS.
    pub(super) protocols: Vec<&'static str>,
    origins: Vec<OriginSettings>,
    behaviors: Vec<Behavior>,
    error_responses: Vec<ErrorResponse>,
}

/// The treatment of an error.
#[derive(Clone, Debug)]
pub(super) struct ErrorResponse {
    code: StatusCode,
    /// The path of the page that viewers see, and its status.
    pub(super) page: Option<(String, StatusCode)>,
    time: Duration,
}

impl Settings {
    fn read(account: &Account) -> Self {
        let distributions = account.cloudfront.at_edges();
        Self(
            distributions
                .map(|distribution| Distribution::read(distribution, account))
                .collect(),
        )
    }

    /// Returns the distribution that answers to a host name, with its configuration. Of several, the most specific name
    /// counts.
    pub(super) fn of_host(
        &self,
        host: &str,
        now: Timestamp,
    ) -> Option<(&Distribution, Arc<Config>)> {
        let in_force = || {
            let all = self.0.iter();
            all.filter_map(|it| Some((it, Arc::clone(it.in_force(now)?))))
        };
        let is_name = |name: &str| name.eq_ignore_ascii_case(host);
        in_force()
            .find(|(it, config)| {
                is_name(&it.domain_name) || config.aliases.iter().any(|alias| is_name(alias))
            })
            .or_else(|| {
                in_force()
                    .find(|(_, config)| config.aliases.iter().any(|alias| covers(alias, host)))
            })
    }

    /// Returns the protocols that a distribution's viewers can choose.
    fn protocols(&self, id: &str, now: Timestamp) -> Vec<&'static str> {
        let mut all = self.0.iter();
        let found = all.find(|it| it.id == id);
        let config = found.and_then(|it| it.in_force(now));
        config.map_or_else(|| vec!["http/1.1"], |config| config.protocols.clone())
    }

    /// Returns the TLS settings for a connection to a distribution: with CloudFront's own certificate, and one for the
    /// alternate names of each distribution that has one.
    pub(super) fn tls(
        &self,
        authority: &Authority,
        id: &str,
        now: Timestamp,
    ) -> Option<Arc<ServerConfig>> {
        let own = vec!["*.cloudfront.net".to_owned(), "cloudfront.net".to_owned()];
        let aliases = self.0.iter().filter_map(|it| {
            let config = it.in_force(now)?;
            let has_some = config.has_certificate && !config.aliases.is_empty();
            has_some.then(|| config.aliases.clone())
        });
        let certificates: Vec<Vec<String>> = [own].into_iter().chain(aliases).collect();
        let protocols = self.protocols(id, now);
        authority.server_config(&certificates, &protocols).ok()
    }
}

impl Distribution {
    fn read(distribution: AtEdges<'_>, account: &Account) -> Self {
        let configs = distribution.configs.into_iter();
        let configs = configs.map(|(from, config)| (from, Arc::new(Config::read(config, account))));
        let invalidations = distribution.invalidations.into_iter();
        Self {
            id: distribution.id.to_owned(),
            domain_name: distribution.domain_name.to_owned(),
            configs: configs.collect(),
            invalidations: invalidations
                .map(|paths| Invalidation::new(&paths))
                .collect(),
        }
    }

    fn in_force(&self, now: Timestamp) -> Option<&Arc<Config>> {
        let mut latest_first = self.configs.iter().rev();
        let found = latest_first.find(|(from, _)| *from <= now);
        found.map(|(_, config)| config)
    }
}

impl Config {
    fn read(config: &Element, account: &Account) -> Self {
        let text = |name: &str| config.text_at(&[name]).unwrap_or_default();
        let aliases = items(config, "Aliases");
        let aliases = aliases.map(|alias| alias.text().to_ascii_lowercase());
        let certificate = config.text_at(&["ViewerCertificate", "ACMCertificateArn"]);
        Self {
            aliases: aliases.collect(),
            is_enabled: text("Enabled") == "true",
            blocks_viewers: blocks_viewers(config),
            root_object: text("DefaultRootObject").to_owned(),
            has_certificate: certificate.is_some(),
            protocols: match text("HttpVersion") {
                "http2" | "http2and3" => vec!["h2", "http/1.1"],
                _ => vec!["http/1.1"],
            },
            origins: origin_settings::read_all(config, account),
            behaviors: behavior::read_all(config),
            error_responses: items(config, "CustomErrorResponses")
                .filter_map(ErrorResponse::read)
                .collect(),
        }
    }

    /// Returns the first behavior for a path, and its origin.
    pub(super) fn behavior(&self, path: &str) -> Option<(&Behavior, &OriginSettings)> {
        let behavior = self.behaviors.iter().find(|it| it.is_for(path))?;
        let origin = self.origins.iter().find(|it| it.id == behavior.origin)?;
        Some((behavior, origin))
    }

    /// Returns the treatment of an error.
    pub(super) fn error_response(&self, code: StatusCode) -> Option<&ErrorResponse> {
        self.error_responses.iter().find(|it| it.code == code)
    }

    /// Returns the least time for which an error is cached.
    pub(super) fn error_time(&self, code: StatusCode) -> Duration {
        let response = self.error_response(code);
        response.map_or(ERROR_TIME, |response| response.time)
    }
}

impl ErrorResponse {
    fn read(element: &Element) -> Option<Self> {
        let text = |name: &str| element.text_at(&[name]).unwrap_or_default();
        let page = text("ResponsePagePath");
        let time = element.text_at(&["ErrorCachingMinTTL"]);
        let time = time.and_then(|text| text.parse().ok());
        Some(Self {
            code: text("ErrorCode").parse().ok()?,
            page: match page.is_empty() {
                true => None,
                false => Some((page.to_owned(), text("ResponseCode").parse().ok()?)),
            },
            time: time.map_or(ERROR_TIME, Duration::from_secs),
        })
    }
}

fn blocks_viewers(config: &Element) -> bool {
    let Some(restrictions) = config.find("Restrictions") else {
        return false;
    };
    let is_listed = items(restrictions, "GeoRestriction").any(|it| it.text() == COUNTRY);
    match restrictions.text_at(&["GeoRestriction", "RestrictionType"]) {
        Some("whitelist") => !is_listed,
        Some("blacklist") => is_listed,
        _ => false,
    }
}
