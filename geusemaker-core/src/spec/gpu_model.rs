//! The models of the GPUs in the catalog.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::error::SpecError;
use super::gpu_instance_type::GpuInstanceType;

/// A model of GPUs that an instance type of the catalog has: `NVIDIA A10G`.
///
/// Some words of the name are enough, in any case.
///
/// ```
/// use geusemaker_core::spec::GpuModel;
///
/// let model: GpuModel = "l4".parse()?;
/// assert_eq!(model.to_string(), "NVIDIA L4");
/// let error = "a10".parse::<GpuModel>().unwrap_err();
/// assert!(error.to_string().contains("did you mean \"A100\" or \"A10G\"?"));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuModel {
    /// The models that have these words: more than one for a word such as `RTX`.
    models: BTreeSet<&'static str>,
}

/// The most edits by which a name is taken for another one.
const FARTHEST: usize = 2;

impl GpuModel {
    /// Returns true if the instance type has such GPUs.
    ///
    /// ```
    /// use geusemaker_core::spec::{GpuInstanceType, GpuModel};
    ///
    /// let model: GpuModel = "h100".parse()?;
    /// let types: Vec<_> = GpuInstanceType::all().filter(|it| model.is_of(it)).collect();
    /// assert_eq!(types.len(), 2);
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    #[must_use]
    pub fn is_of(&self, instance_type: &GpuInstanceType) -> bool {
        self.models.contains(instance_type.gpu_model())
    }
}

impl FromStr for GpuModel {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let wanted: Vec<_> = text.split_whitespace().collect();
        let all: BTreeSet<_> = GpuInstanceType::all().map(|it| it.gpu_model()).collect();
        let has = |model: &&str, wanted: &&str| {
            let mut words = model.split(' ');
            words.any(|word| word.eq_ignore_ascii_case(wanted))
        };
        let models = all.iter().copied();
        let models = models.filter(|model| wanted.iter().all(|word| has(model, word)));
        let models: BTreeSet<_> = models.collect();
        if models.is_empty() || wanted.is_empty() {
            return Err(SpecError::new(unknown(text, &all)));
        }
        Ok(Self { models })
    }
}

impl fmt::Display for GpuModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let models: Vec<_> = self.models.iter().copied().collect();
        f.write_str(&models.join(" or "))
    }
}

/// Returns the error message for a model that no type has, with the names nearest to it, or all of them.
fn unknown(text: &str, all: &BTreeSet<&'static str>) -> String {
    let short = |model: &&'static str| {
        // The maker is the first word.
        model.split_once(' ').map_or(*model, |(_, rest)| rest)
    };
    let upper = text.trim().to_uppercase();
    let distance = |model: &&'static str| {
        let model = model.to_uppercase();
        let (_, rest) = model.split_once(' ').unwrap_or(("", &model));
        let whole = strsim::damerau_levenshtein(&upper, &model);
        whole.min(strsim::damerau_levenshtein(&upper, rest))
    };
    let nearest = all.iter().map(distance).min();
    let farthest = FARTHEST.min(upper.len().saturating_sub(1));
    let nearest = nearest.filter(|distance| *distance <= farthest);
    let names = |models: &mut dyn Iterator<Item = &&'static str>, quote: &str| -> Vec<_> {
        models
            .map(|model| format!("{quote}{}{quote}", short(model)))
            .collect()
    };
    let start = format!("no instance type of the catalog has the GPU {text:?}");
    match nearest {
        Some(nearest) => {
            let mut models = all.iter().filter(|model| distance(model) == nearest);
            let names = names(&mut models, "\"");
            format!("{start}; did you mean {}?", names.join(" or "))
        }
        None => {
            let names = names(&mut all.iter(), "");
            format!("{start}: the models are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(text: &str) -> String {
        let model: Result<GpuModel, _> = text.parse();
        model.map_or_else(|error| error.to_string(), |model| model.to_string())
    }

    #[test]
    fn words_of_name_are_enough() {
        for (text, model) in [
            ("A10G", "NVIDIA A10G"),
            ("nvidia a10g", "NVIDIA A10G"),
            ("L4", "NVIDIA L4"),
            ("l40s", "NVIDIA L40S"),
            ("rtx", "NVIDIA RTX PRO 4500 or NVIDIA RTX PRO Server 6000"),
            ("6000", "NVIDIA RTX PRO Server 6000"),
            ("amd", "AMD Radeon Pro V520"),
        ] {
            assert_eq!(models(text), model, "{text}");
        }
    }

    #[test]
    fn unknown_model_gets_near_misses() {
        let start = "no instance type of the catalog has the GPU";
        for (text, rest) in [
            ("H10", "\"H10\"; did you mean \"H100\"?"),
            ("T5", "\"T5\"; did you mean \"T4\"?"),
            ("nvidia h20", "\"nvidia h20\"; did you mean \"H200\"?"),
        ] {
            assert_eq!(models(text), format!("{start} {rest}"));
        }
        for text in ["", "  ", "Gaudi"] {
            let message = models(text);
            assert!(
                message.contains(": the models are Radeon Pro V520, A100,"),
                "{message}"
            );
        }
    }
}
