//! The critical path: the chain of intervals that determined when the work ended.

use jiff::{SignedDuration, Timestamp};

/// A time in which something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
}

impl Interval {
    pub(super) fn duration(self) -> SignedDuration {
        self.end.duration_since(self.begin)
    }
}

/// Returns the places of the intervals on the critical path, the first one first: the one that ended last, before it the
/// one that ended last before that began, and so on. Where several ended at the same time, it is the longest.
///
/// Intervals without duration determine nothing, and are not on the path.
pub(super) fn critical_path(intervals: &[Interval]) -> Vec<usize> {
    let mut path = Vec::new();
    let mut until = Timestamp::MAX;
    loop {
        let earlier = intervals.iter().enumerate().filter(|(_, interval)| {
            interval.end <= until && interval.duration() > SignedDuration::ZERO
        });
        let last = earlier.max_by_key(|(_, interval)| (interval.end, interval.duration()));
        let Some((place, interval)) = last else {
            path.reverse();
            return path;
        };
        path.push(place);
        until = interval.begin;
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Interval, critical_path};

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    fn path(intervals: &[(i64, i64)]) -> Vec<usize> {
        let intervals: Vec<_> = intervals
            .iter()
            .map(|(begin, end)| Interval {
                begin: at(*begin),
                end: at(*end),
            })
            .collect();
        critical_path(&intervals)
    }

    #[test]
    fn path_goes_back_from_last_end() {
        // The second one runs beside the first, and the third begins after both.
        assert_eq!(path(&[(0, 5), (1, 3), (5, 9)]), [0, 2]);
        // There may be time between two of them.
        assert_eq!(path(&[(6, 9), (1, 3), (0, 2)]), [1, 0]);
    }

    #[test]
    fn longest_of_same_end_is_on_path() {
        assert_eq!(path(&[(3, 5), (0, 5), (4, 5)]), [1]);
    }

    #[test]
    fn moment_is_not_on_path() {
        assert_eq!(path(&[(0, 5), (5, 5), (5, 8), (8, 8)]), [0, 2]);
        assert!(path(&[(1, 1)]).is_empty());
        assert!(path(&[]).is_empty());
    }

    #[test]
    fn path_has_no_overlap() {
        let intervals = [(0, 4), (1, 6), (2, 7), (4, 9), (7, 12), (11, 13), (9, 13)];
        let path = path(&intervals);
        for pair in path.windows(2) {
            assert!(intervals[pair[0]].1 <= intervals[pair[1]].0, "{path:?}");
        }
        assert_eq!(path.last(), Some(&6));
    }
}
