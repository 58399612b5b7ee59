//! A token bucket, kept as the one time from which everything else follows.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many tokens a bucket holds, and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    capacity: u32,
    /// How long one token takes to come back.
    interval: Duration,
}

impl Size {
    /// So many tokens at most, and so many more in each second.
    pub(super) const fn per_second(capacity: u32, refill: u64) -> Self {
        Self {
            capacity,
            // Rounded up, so that never more than the refill comes back.
            interval: Duration::from_nanos(1_000_000_000_u64.div_ceil(refill)),
        }
    }

    /// So many tokens at most, and one more in each interval.
    pub(super) const fn one_in(capacity: u32, interval: Duration) -> Self {
        Self { capacity, interval }
    }
}

/// A bucket of tokens, as the time at which it will be full again if nothing more is taken. What is in it at any other
/// time follows, so that nothing has to refill it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TokenBucket {
    full_at: Timestamp,
}

impl TokenBucket {
    pub(super) fn full(now: Timestamp) -> Self {
        Self { full_at: now }
    }

    /// The bucket without the tokens, if there are that many in it; a call that wants more than there can ever be
    /// takes all.
    pub(super) fn take(self, now: Timestamp, size: Size, tokens: u32) -> Option<Self> {
        let full_at = self.full_at.max(now) + size.interval * tokens.min(size.capacity);
        (full_at <= now + size.interval * size.capacity).then_some(Self { full_at })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{Size, TokenBucket};

    /// The sizes that buckets have, with their refill per second.
    fn size() -> impl Strategy<Value = (Size, f64)> {
        let fast = (1_u32..200, 1_u64..25)
            .prop_map(|(capacity, refill)| (Size::per_second(capacity, refill), refill as f64));
        let slow = (1_u32..20, 1_u64..10).prop_map(|(capacity, seconds)| {
            let interval = Duration::from_secs(seconds);
            (Size::one_in(capacity, interval), 1.0 / seconds as f64)
        });
        prop_oneof![fast, slow]
    }

    /// Calls: how long each comes after the one before, in milliseconds, and how many tokens it takes.
    fn calls() -> impl Strategy<Value = Vec<(u64, u32)>> {
        let pause = prop_oneof![5 => Just(0_u64), 4 => 1_u64..300, 1 => 300_u64..20_000];
        prop::collection::vec((pause, 1_u32..4), 1..120)
    }

    proptest! {
        /// The meaning of a token bucket, both ways: a call goes through if and only if over no time that ends with it
        /// more than capacity + refill × time have gone through.
        #[test]
        fn a_call_passes_if_and_only_if_no_window_holds_more_than_capacity_and_refill(
            (size, refill) in size(),
            calls in calls(),
        ) {
            let start = Timestamp::UNIX_EPOCH;
            let mut now = start;
            let mut bucket = TokenBucket::full(now);
            let mut passed: Vec<(Timestamp, u32)> = Vec::new();
            for (pause, tokens) in calls {
                now += Duration::from_millis(pause);
                let fits = |from: Timestamp, tokens: u32, slack: f64| {
                    let time = (now - from).total(jiff::Unit::Second).unwrap();
                    f64::from(tokens) <= f64::from(size.capacity) + refill * time + slack
                };
                let tokens = tokens.min(size.capacity);
                // The tokens of all windows that end now and begin with a call that has passed.
                let mut in_window = tokens;
                let mut windows = vec![(now, in_window)];
                for (at, taken) in passed.iter().rev() {
                    in_window += taken;
                    windows.push((*at, in_window));
                }
                match bucket.take(now, size, tokens) {
                    Some(rest) => {
                        bucket = rest;
                        passed.push((now, tokens));
                        prop_assert!(windows.iter().all(|(from, sum)| fits(*from, *sum, 1e-6)));
                    }
                    None => prop_assert!(!windows.iter().all(|(from, sum)| fits(*from, *sum, -1e-6))),
                }
            }
        }

        #[test]
        fn a_bucket_is_never_fuller_than_full((size, _) in size(), idle in 0_u64..1_000_000) {
            let now = Timestamp::UNIX_EPOCH + Duration::from_secs(idle);
            let bucket = TokenBucket::full(Timestamp::UNIX_EPOCH);
            let empty = bucket.take(now, size, size.capacity);
            prop_assert!(empty.is_some());
            prop_assert_eq!(empty.unwrap().take(now, size, 1), None);
            prop_assert_eq!(bucket.take(now, size, size.capacity + 1), empty);
        }
    }
}
