//! The access points of `launch()`: one for each volume on the shared file system, if the spec asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::try_join_all;

use super::pending_work::await_file_system;
use crate::error::Error;
use crate::id::{AccessPointId, FileSystemId};
use crate::ledger::Ledger;
use crate::progress::step::Step;
use crate::resource::access_point::{self, NewAccessPoint};
use crate::resource_key::ResourceKey;
use crate::spec::WantedAccessPoint;
use crate::wait::{Expected, Wait};

/// Creates the access points, and waits until they are available. Returns them by the folder of the instances at which
/// they are mounted.
pub(super) async fn access_points(
    ledger: &Arc<Ledger>,
    file_system: &FileSystemId,
) -> Result<BTreeMap<String, AccessPointId>, Error> {
    let wanted = ledger.plan.spec.wanted_access_points();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    await_file_system(ledger, file_system).await?;
    ledger.account.progress.step(Step::CreatingAccessPoints);
    let made = wanted
        .iter()
        .map(|wanted| access_point(ledger, file_system, wanted));
    Ok(try_join_all(made).await?.into_iter().collect())
}

async fn access_point(
    ledger: &Arc<Ledger>,
    file_system: &FileSystemId,
    wanted: &WantedAccessPoint<'_>,
) -> Result<(String, AccessPointId), Error> {
    let new = NewAccessPoint {
        name: format!("{}-{}", ledger.plan.spec.name(), wanted.name),
        file_system: file_system.clone(),
        folder: wanted.folder().to_owned(),
        uid: wanted.uid,
        gid: wanted.gid,
        owner: ledger.owner.clone(),
    };
    let key = ResourceKey::new(format!("access-point/{}", wanted.name));
    let id = ledger.create(key, new).await?;
    let account = &ledger.account;
    let expected = Expected::with_deadline_minutes(3, 10, 10);
    Wait::new(format!("access point {id} to be available"), expected)
        .about(ledger.resource(&id))
        .until(&account.clock, &account.progress, || {
            access_point::availability(&account.reader, &id)
        })
        .await?;
    Ok((wanted.host_folder.to_owned(), id))
}
