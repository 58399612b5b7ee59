//! Invalidations: the files that edge locations have to drop.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::paging::{self, Paging};
use super::shape::{Absent, Member, Shape, invalid_argument};
use super::{CloudFront, Code, body, refuse_other_query};
use crate::sim::context::RequestContext;
use crate::sim::timings::Step;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

const BATCH: Shape = Shape::Structure(&[
    Member {
        name: "Paths",
        shape: &Shape::List {
            item: "Path",
            of: &Shape::Text { longest: 4000 },
            beside: &[],
        },
        absent: Absent::Refused,
    },
    Member {
        name: "CallerReference",
        shape: &Shape::Text { longest: 4096 },
        absent: Absent::Refused,
    },
]);

/// CloudFront docs, "Quotas": files being invalidated at a time for a distribution, and among them those with a `*`.
const MOST_FILES: usize = 3000;

const MOST_WILDCARDS: usize = 15;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Invalidation {
    id: String,
    /// The InvalidationBatch as it was sent.
    batch: Element,
    created_at: Timestamp,
    completed_at: Timestamp,
}

impl Invalidation {
    pub(super) fn is_in_progress(&self, now: Timestamp) -> bool {
        now < self.completed_at
    }

    fn status(&self, now: Timestamp) -> &'static str {
        if self.is_in_progress(now) {
            "InProgress"
        } else {
            "Completed"
        }
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        paths(&self.batch)
    }

    fn element(&self, now: Timestamp) -> Element {
        self.summary(now)
            .renamed("Invalidation")
            .child(self.batch.clone())
    }

    fn summary(&self, now: Timestamp) -> Element {
        Element::new("InvalidationSummary")
            .with("Id", &self.id)
            .with("CreateTime", self.created_at)
            .with("Status", self.status(now))
    }
}

pub(super) fn create(
    cloudfront: &mut CloudFront,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let distribution = cloudfront.distribution(distribution_id(input))?;
    let batch = BATCH.complete(body(input)?, "InvalidationBatch")?;
    check_paths(&batch)?;
    let reference = batch.text_at(&["CallerReference"]);
    let same = |other: &&Invalidation| other.batch.text_at(&["CallerReference"]) == reference;
    if let Some(other) = distribution.invalidations.iter().find(same) {
        if other.batch == batch {
            // The CloudFront model: the same batch again returns the same invalidation.
            return Ok(created(input, other, context.now));
        }
        return Err(invalid_argument(
            "Your request contains a caller reference that was used for a previous invalidation batch for the same distribution.",
        ));
    }
    let in_progress = distribution
        .invalidations
        .iter()
        .filter(|other| other.is_in_progress(context.now))
        .flat_map(Invalidation::paths);
    let (wildcards, files): (Vec<&str>, Vec<&str>) = in_progress
        .chain(paths(&batch))
        .partition(|path| path.ends_with('*'));
    if files.len() > MOST_FILES || wildcards.len() > MOST_WILDCARDS {
        return Err(ServiceError::new(
            Code::TooManyInvalidationsInProgress,
            "You have exceeded the maximum number of allowable InProgress invalidation batch requests, or invalidation objects.",
        ));
    }
    let invalidation = Invalidation {
        id: format!("I{}", context.rng.upper(25)),
        batch,
        created_at: context.now,
        completed_at: context.now + context.duration(Step::InvalidationCompleted),
    };
    let reply = created(input, &invalidation, context.now);
    if let Some(distribution) = cloudfront.distributions.get_mut(distribution_id(input)) {
        distribution.invalidations.push(invalidation);
    }
    Ok(reply)
}

fn created(input: &Input, invalidation: &Invalidation, now: Timestamp) -> Reply {
    let location = format!(
        "https://cloudfront.amazonaws.com/2020-05-31/distribution/{}/invalidation/{}",
        distribution_id(input),
        invalidation.id
    );
    Reply::xml(invalidation.element(now))
        .status(201)
        .header("location", location)
}

fn check_paths(batch: &Element) -> Result<(), ServiceError> {
    let count = paths(batch).count();
    if count > MOST_FILES {
        let message = "Invalidation batch specified is too large.";
        return Err(ServiceError::new(Code::BatchTooLarge, message));
    }
    let is_valid = |path: &str| {
        let before_last = path.strip_suffix('*').unwrap_or(path);
        !path.is_empty()
            && !before_last.contains('*')
            && path.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if count == 0 || !paths(batch).all(is_valid) {
        return Err(invalid_argument(
            "Your request contains one or more invalid invalidation paths.",
        ));
    }
    Ok(())
}

fn paths(batch: &Element) -> impl Iterator<Item = &str> {
    let items = batch.find("Paths").and_then(|paths| paths.find("Items"));
    items
        .map_or(&[][..], Element::elements)
        .iter()
        .map(Element::text)
}

pub(super) fn get(
    cloudfront: &CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let distribution = cloudfront.distribution(distribution_id(input))?;
    let id = input.path.get(3).map_or("", String::as_str);
    let invalidation = distribution
        .invalidations
        .iter()
        .find(|invalidation| invalidation.id == id)
        .ok_or_else(|| {
            let message = "The specified invalidation does not exist.";
            ServiceError::new(Code::NoSuchInvalidation, message)
        })?;
    Ok(Reply::xml(invalidation.element(context.now)))
}

pub(super) fn list(
    cloudfront: &CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &paging::PARAMETERS)?;
    let paging = Paging::read(input)?;
    let distribution = cloudfront.distribution(distribution_id(input))?;
    // The CloudFront model: the latest come first.
    let mut latest_first = distribution.invalidations.iter().rev();
    if !paging.marker.is_empty() && !latest_first.any(|other| other.id == paging.marker) {
        return Err(invalid_argument("The parameter Marker is not valid."));
    }
    let items = latest_first.map(|one| (one.id.clone(), one.summary(context.now)));
    Ok(Reply::xml(paging.list("InvalidationList", items)))
}

/// Returns the id in `distribution/E1/invalidation`.
fn distribution_id(input: &Input) -> &str {
    input.path.get(1).map_or("", String::as_str)
}
