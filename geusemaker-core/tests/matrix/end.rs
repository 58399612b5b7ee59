//! The end of a case: running, gone, or with a list of what is left.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use geusemaker_core::{Error, Phase, Undone};
use geusemaker_testkit::Aws;

use crate::scenario::{Scenario, census, remove, stack, unlisted};
use crate::stack::{Neighborhood, Stack};
use crate::way::{Beginning, Way};

/// The end of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Running,
    Gone,
    /// The rest is listed, and another removal removes it.
    Left,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Gone => "gone",
            Self::Left => "left",
        })
    }
}

/// A case in progress.
pub(crate) struct World {
    scenario: Scenario,
    around: Arc<Neighborhood>,
    /// The resources of the running stack.
    whole: BTreeMap<String, usize>,
    /// The leftovers that the program has reported; `None` before any report.
    said: Mutex<Option<Undone>>,
    end: Mutex<Option<End>>,
}

impl World {
    pub(crate) fn new(aws: Aws, beginning: &Beginning, around: &Arc<Neighborhood>) -> Arc<Self> {
        Arc::new(Self {
            around: Arc::clone(around),
            whole: beginning.whole.clone(),
            scenario: Scenario::with_store(aws, Arc::new(beginning.journal.fork())),
            said: Mutex::default(),
            end: Mutex::default(),
        })
    }

    /// Returns the end of the case, or `None` before [`World::finish`].
    pub(crate) fn end(&self) -> Option<End> {
        *self.end.lock().unwrap()
    }

    pub(crate) async fn go(&self, way: Way, stack: Stack) {
        let undone = way.go(&self.scenario.session, stack, &self.around).await;
        *self.said.lock().unwrap() = Some(undone);
    }

    /// Checks what the program leaves, and finishes the job as the next command would.
    ///
    /// # Errors
    /// Returns an error if a resource exists that the journal or the program's report does not list, or if another
    /// user's resource was changed.
    pub(crate) async fn finish(&self) -> Result<(), String> {
        let session = self.scenario.session.clone();
        // A panic that reaches the session would end the program.
        let _ = AssertUnwindSafe(session.close()).catch_unwind().await;
        let aws = &self.scenario.aws;
        // Resources that disappear by themselves get the time for it.
        aws.clock().sleep(Duration::from_secs(3600)).await;

        let next = self.scenario.another_session();
        let known = match next.summary(&stack()).await {
            Err(Error::NoSuchStack { .. }) => None,
            known => Some(known.map_err(|error| error.to_string())?),
        };
        let alive = aws.leftovers();
        let end = match &known {
            None => End::Gone,
            Some(status) if status.phase == Phase::Committed => End::Running,
            Some(_) => End::Left,
        };
        *self.end.lock().unwrap() = Some(end);
        let listed = known.map(|status| status.resources).unwrap_or_default();
        let in_journal = listed
            .iter()
            .map(|entry| (entry.kind, entry.id.as_ref().map(|id| id.as_str())));
        if let Some(unknown) = unlisted(&alive, in_journal) {
            return Err(format!("the journal does not list {unknown}"));
        }
        if end == End::Running && census(aws) != self.whole {
            return Err(format!("it runs and is not whole: {alive:?}"));
        }
        if let (Some(undone), true) = (&*self.said.lock().unwrap(), end != End::Running) {
            let said = undone
                .left
                .iter()
                .map(|left| (left.kind, left.id.as_ref().map(|id| id.as_str())));
            if let Some(unsaid) = unlisted(&alive, said) {
                return Err(format!("the program does not list {unsaid}"));
            }
            if undone.is_complete() != (end == End::Gone) {
                return Err(format!(
                    "the program has said that {} resources are left, and the end is {end}",
                    undone.left.len()
                ));
            }
        }
        self.remove().await?;
        let _ = next.close().await;
        let now = aws.states();
        let mut others = self.around.others.iter();
        match others.find(|other| !now.contains(other)) {
            Some(touched) => Err(format!("was touched: {touched}")),
            None => Ok(()),
        }
    }

    async fn remove(&self) -> Result<(), String> {
        let session = self.scenario.another_session();
        let undone = remove(&session).await;
        let _ = session.close().await;
        match undone {
            Err(Error::NoSuchStack { .. }) => Ok(()),
            Err(error) => Err(format!("cannot be removed: {error}")),
            Ok(undone) if undone.is_complete() => Ok(()),
            Ok(undone) => Err(format!("cannot be removed: {:?}", undone.left)),
        }
    }
}
