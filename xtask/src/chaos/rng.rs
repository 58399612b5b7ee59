//! Chance that can be repeated: the same seed and the same words give the same throws.

use std::hash::{DefaultHasher, Hash, Hasher as _};

/// What chooses what goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Rng {
    seed: u64,
    numbers: fastrand::Rng,
}

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            numbers: fastrand::Rng::with_seed(seed),
        }
    }

    /// Dice of their own for the thing that is named. What is thrown with them depends on nothing that was thrown
    /// before, so that requests that overtake each other change nothing.
    pub(super) fn of(&self, name: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.seed, name).hash(&mut hasher);
        Self::new(hasher.finish())
    }

    /// From nothing to just below the limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.numbers.u64(..limit.max(1))
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
    use super::Rng;

    #[test]
    fn the_same_seed_throws_the_same_and_weights_count() {
        let throws = |seed| {
            let mut rng = Rng::new(seed).of("launch");
            [(); 8].map(|()| rng.below(1000))
        };
        assert_eq!(throws(1), throws(1));
        assert_ne!(throws(1), throws(2));
        let mut rng = Rng::new(3);
        let picked = (0..1000).filter(|_| rng.pick(&[(9, true), (1, false)]));
        assert!((850..950).contains(&picked.count()));
    }
}
