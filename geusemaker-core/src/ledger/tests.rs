//! Two writers of one journal at the same moment: with real threads, and the stores that are in use.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use jiff::Timestamp;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use super::take;
use crate::error::Error;
use crate::journal::claim::{Holder, LEASE};
use crate::journal::event::{JournalEvent, JournalRecord};
use crate::journal::state::JournalState;
use crate::journal::state_tests::{intent, planned};
use crate::journal::{Journal, JournalError, read_all};
use crate::spec::StackName;

/// The number of races on one journal. Every race reads the whole journal, so it is kept short.
const RACES_ON_A_JOURNAL: u32 = 5;

/// One of the two writers, with the journal as it was before the race.
struct Writer {
    journal: Journal,
    holder: Holder,
}

/// The record that a writer is about to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// The claim of a stack whose last claim has expired.
    Claim,
    /// An intent to create, from a writer that does not know yet that its claim has expired.
    Append,
}

impl Writer {
    async fn new(store: &Arc<dyn ObjectStore>, stack: &StackName) -> Self {
        Self {
            journal: Journal::open(Arc::clone(store), stack).await.unwrap(),
            holder: Holder::this_process(),
        }
    }

    async fn write(
        &mut self,
        what: Move,
        key: &str,
        stack: &StackName,
        at: Timestamp,
    ) -> Result<(), Error> {
        match what {
            Move::Claim => take(&mut self.journal, stack, &self.holder, at).await,
            Move::Append => Ok(self.journal.append(at, intent(key)).await?),
        }
    }

    /// Returns true if the record is the one that this writer was about to write.
    fn wrote(&self, record: &JournalRecord, what: Move, key: &str) -> bool {
        match (what, &record.event) {
            (Move::Claim, JournalEvent::Claimed { holder, .. }) => *holder == self.holder,
            (Move::Append, JournalEvent::Intent { key: written, .. }) => written.as_str() == key,
            _ => false,
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

/// Lets both write at the same moment, each in its own thread and runtime, as two processes do.
fn race(
    writers: [(Writer, Move, &str); 2],
    stack: &StackName,
    at: Timestamp,
) -> [(Writer, Result<(), Error>); 2] {
    let start = Barrier::new(2);
    let start = &start;
    std::thread::scope(|scope| {
        writers
            .map(|(mut writer, what, key)| {
                scope.spawn(move || {
                    let runtime = runtime();
                    start.wait();
                    let written = runtime.block_on(writer.write(what, key, stack, at));
                    (writer, written)
                })
            })
            .map(|thread| thread.join().unwrap())
    })
}

fn is_told_so(error: &Error) -> bool {
    matches!(error, Error::Journal(JournalError::TakenOver { .. }))
}

fn race_many_times(races: u32, store: &Arc<dyn ObjectStore>) {
    let runtime = runtime();
    let mut first_has_won = 0;
    for round in 0..races {
        let (number, earlier) = (round / RACES_ON_A_JOURNAL, round % RACES_ON_A_JOURNAL);
        let stack: StackName = format!("stack-{number}").parse().unwrap();
        // Every earlier claim has expired.
        let at = Timestamp::UNIX_EPOCH + LEASE * 2 * (round + 1);
        let moves = match round % 3 {
            0 => [Move::Claim, Move::Claim],
            1 => [Move::Claim, Move::Append],
            _ => [Move::Append, Move::Append],
        };
        let keys = [format!("one-{round}"), format!("other-{round}")];
        let (one, other) = runtime.block_on(async {
            let mut one = Writer::new(store, &stack).await;
            if earlier == 0 {
                one.journal.append(at, planned()).await.unwrap();
            }
            (one, Writer::new(store, &stack).await)
        });
        let writers = [(one, moves[0], &*keys[0]), (other, moves[1], &*keys[1])];
        let [one, other] = race(writers, &stack, at);

        let is_first = one.1.is_ok();
        first_has_won += u32::from(is_first);
        let ((winner, won), (mut loser, lost)) = if is_first { (one, other) } else { (other, one) };
        won.unwrap_or_else(|error| panic!("round {round}: neither has won: {error}"));
        let lost = lost.expect_err("both have won");
        assert!(is_told_so(&lost), "round {round}: {lost}");
        runtime.block_on(async {
            let again = loser.journal.append(at, intent("again")).await;
            assert!(matches!(again, Err(JournalError::TakenOver { .. })));
            // The plan, and one record for each race.
            let records = read_all(store.as_ref(), &stack).await.unwrap();
            assert_eq!(records.len() as u32, 1 + earlier + 1, "round {round}");
            assert!(JournalState::replay(&records).is_ok());
            let place = usize::from(!is_first);
            let last = &records[records.len() - 1];
            assert!(
                winner.wrote(last, moves[place], &keys[place]),
                "round {round}: {last:?}"
            );
        });
    }
    assert!(
        (1..races).contains(&first_has_won),
        "the same one has won every race, so that there was none"
    );
}

#[test]
fn race_in_memory_has_one_winner() {
    race_many_times(1000, &(Arc::new(InMemory::new()) as _));
}

/// Uses the store that `gm` uses, with each record synced to the disk, which takes most of the time.
#[test]
fn race_on_disk_has_one_winner() {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    race_many_times(60, &(Arc::new(store.with_fsync(true)) as _));
    // No incomplete record may be left.
    let left: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .flat_map(|stack| std::fs::read_dir(stack.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_none_or(|extension| extension != "json"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A writer that is behind by one record has lost, no matter when that record was written.
#[test]
fn overtaken_writer_writes_nothing() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let stack: StackName = "llm".parse().unwrap();
    runtime().block_on(async {
        let mut asleep = Writer::new(&store, &stack).await;
        let start = Timestamp::UNIX_EPOCH;
        asleep.write(Move::Claim, "", &stack, start).await.unwrap();
        asleep.journal.append(start, planned()).await.unwrap();
        let mut quick = Writer::new(&store, &stack).await;
        let early = quick.write(Move::Claim, "", &stack, start).await;
        assert!(matches!(early, Err(Error::Locked { .. })));
        let late = start + LEASE + Duration::from_secs(1);
        quick.write(Move::Claim, "", &stack, late).await.unwrap();
        for what in [Move::Append, Move::Claim] {
            let lost = asleep.write(what, "late", &stack, late).await.unwrap_err();
            assert!(is_told_so(&lost), "{lost}");
        }
    });
}
