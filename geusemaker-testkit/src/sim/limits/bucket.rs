//! A token bucket, stored as the one time from which everything else follows.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The size of a bucket: its number of tokens, and the rate at which it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    capacity: u32,
    /// The time after which one token comes back.
    interval: Duration,
}

impl Size {
    /// Creates a size with that many tokens at most, and that many more in each second.
    pub(super) const fn per_second(capacity: u32, refill: u64) -> Self {
        Self {
            capacity,
            // Rounded up, so that no more than the refill comes back.
            interval: Duration::from_nanos(1_000_000_000_u64.div_ceil(refill)),
        }
    }

    /// Creates a size with that many tokens at most, and one more in each interval.
    pub(super) const fn one_in(capacity: u32, interval: Duration) -> Self {
        Self { capacity, interval }
    }
}

/// A bucket of tokens, as the time at which it will be full again if nothing more is taken. Its content at any other
/// time follows from that, so that nothing has to refill it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TokenBucket {
    full_at: Timestamp,
}

impl TokenBucket {
    pub(super) fn full(now: Timestamp) -> Self {
        Self { full_at: now }
    }

    /// Returns the bucket without the tokens, if it has that many. A call that wants more than the capacity takes all.
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

    /// Generates the sizes of buckets, with their refill per second.
    fn size() -> impl Strategy<Value = (Size, f64)> {
        let fast = (1_u32..200, 1_u64..25)
            .prop_map(|(capacity, refill)| (Size::per_second(capacity, refill), refill as f64));
        let slow = (1_u32..20, 1_u64..10).prop_map(|(capacity, seconds)| {
            let interval = Duration::from_secs(seconds);
            (Size::one_in(capacity, interval), 1.0 / seconds as f64)
        });
        prop_oneof![fast, slow]
    }

    /// Generates calls: the time since the previous call, in milliseconds, and the number of tokens that the call
    /// takes.
    fn calls() -> impl Strategy<Value = Vec<(u64, u32)>> {
        let pause = prop_oneof![5 => Just(0_u64), 4 => 1_u64..300, 1 => 300_u64..20_000];
        prop::collection::vec((pause, 1_u32..4), 1..120)
    }

    proptest! {
        /// The definition of a token bucket, in both directions: a call passes if and only if no period that ends with
        /// it has more than capacity + refill × time tokens.
        #[test]
        fn bucket_admits_exactly_its_rate(
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
                // The tokens of all periods that end now and begin with a call that has passed.
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
        fn bucket_never_exceeds_capacity((size, _) in size(), idle in 0_u64..1_000_000) {
            let now = Timestamp::UNIX_EPOCH + Duration::from_secs(idle);
            let bucket = TokenBucket::full(Timestamp::UNIX_EPOCH);
            let empty = bucket.take(now, size, size.capacity);
            prop_assert!(empty.is_some());
            prop_assert_eq!(empty.unwrap().take(now, size, 1), None);
            prop_assert_eq!(bucket.take(now, size, size.capacity + 1), empty);
        }
    }
}
