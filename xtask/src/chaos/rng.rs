//! A reproducible source of random choices: the same seed and the same names give the same choices.

use std::hash::{DefaultHasher, Hash, Hasher as _};

/// The generator that chooses the faults.
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

    /// Derives a generator for the named thing. Its choices do not depend on earlier ones, so requests that overtake
    /// each other change nothing.
    pub(super) fn of(&self, name: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.seed, name).hash(&mut hasher);
        Self::new(hasher.finish())
    }

    /// Returns a number from zero to just below the limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.numbers.u64(..limit.max(1))
    }

    /// Returns true with this chance in a thousand.
    pub(super) fn chance(&mut self, in_a_thousand: u64) -> bool {
        self.below(1000) < in_a_thousand
    }

    /// Picks one of the choices with the probability of its weight.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let total = choices.iter().map(|(weight, _)| weight).sum();
        let mut thrown = self.below(total);
        for (weight, choice) in choices {
            if thrown < *weight {
                return *choice;
            }
            thrown -= weight;
        }
        unreachable!("the number drawn is below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn choices_follow_seed_and_weights() {
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
