//! Chance that can be repeated: the same seed and the same words give the same throws.

use std::hash::{DefaultHasher, Hash, Hasher as _};

/// A generator of numbers (SplitMix64), good enough to choose what goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for the thing that is named. What is thrown with them depends on nothing that was thrown
    /// before, so that requests that overtake each other change nothing.
    pub(super) fn of(&self, name: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.0, name).hash(&mut hasher);
        Self(hasher.finish())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From nothing to just below the limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True so many times in a thousand.
    pub(super) fn chance(&mut self, in_a_thousand: u64) -> bool {
        self.below(1000) < in_a_thousand
    }

    /// One of these, each as often as its weight says.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let total = choices.iter().map(|(weight, _)| weight).sum();
        let mut thrown = self.below(total);
        for (weight, choice) in choices {
            if thrown < *weight {
                return *choice;
            }
            thrown -= weight;
        }
        unreachable!("what is thrown is below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_seed_throws_the_same_and_weights_count() {
        let throws = |seed| {
            let mut dice = Dice::new(seed).of("launch");
            [(); 8].map(|()| dice.below(1000))
        };
        assert_eq!(throws(1), throws(1));
        assert_ne!(throws(1), throws(2));
        let mut dice = Dice::new(3);
        let picked = (0..1000).filter(|_| dice.pick(&[(9, true), (1, false)]));
        assert!((850..950).contains(&picked.count()));
    }
}
