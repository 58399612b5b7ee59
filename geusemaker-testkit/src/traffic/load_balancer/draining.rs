//! The end of a target: the deregistration delay, after which its last requests are cut off.

use super::group::Candidate;
use crate::aws::Aws;

/// The standing of a target in its group.
enum Standing {
    Registered,
    DrainsUntil(jiff::Timestamp),
    Gone,
}

/// Waits until a target has drained, if that ever happens.
pub(super) async fn ended(aws: Aws, group: String, target: Candidate) {
    let mut changes = aws.changes();
    loop {
        changes.mark_unchanged();
        match standing(&aws, &group, &target) {
            Standing::Gone => return,
            Standing::Registered => {
                if changes.changed().await.is_err() {
                    // The account is gone, and all its targets with it.
                    return;
                }
            }
            Standing::DrainsUntil(end) => {
                let now = aws.clock().now();
                if now >= end {
                    return;
                }
                let left = end.duration_since(now).unsigned_abs();
                tokio::select! {
                    () = aws.clock().sleep(left) => return,
                    _ = changes.changed() => {}
                }
            }
        }
    }
}

fn standing(aws: &Aws, group: &str, target: &Candidate) -> Standing {
    aws.read(|account, now| {
        let region = group.split(':').nth(3).unwrap_or_default();
        let region = account.regions.get(region);
        let group = region.and_then(|region| region.elastic_load_balancing.group(group));
        let targets = group.map_or(&[][..], |group| &group.targets);
        let is_it = |it: &&crate::sim::elastic_load_balancing::target::Target| {
            it.instance == target.instance && it.port == u32::from(target.port)
        };
        match targets.iter().find(is_it).map(|found| found.drained_at) {
            None => Standing::Gone,
            Some(None) => Standing::Registered,
            Some(Some(at)) if at <= now => Standing::Gone,
            Some(Some(at)) => Standing::DrainsUntil(at),
        }
    })
}
