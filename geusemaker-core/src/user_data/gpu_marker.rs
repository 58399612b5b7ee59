//! The line that an instance prints on its console to report its GPUs.

use std::fmt;

use thiserror::Error;

use crate::spec::GpuInstanceType;

const COUNT: &str = "GEUSEMAKER:GPU count=";
const MODEL: &str = " model=\"";
const MEMORY: &str = " memory=\"";
const DRIVER: &str = " driver=\"";

/// Words of the catalog that `nvidia-smi` may leave out.
const VENDOR_WORDS: [&str; 4] = ["NVIDIA", "AMD", "Radeon", "Tesla"];

/// The GPUs that an instance reports.
///
/// The `Display` output is the line that the instance prints on its console:
///
/// ```
/// use geusemaker_core::GpuReport;
///
/// let console = "[  42.1] nvidia: loaded\r\nGEUSEMAKER:GPU count=1 model=\"NVIDIA A10G\"\r\n";
/// let report = GpuReport::find_in(console).unwrap();
/// assert_eq!(report.to_string(), r#"GEUSEMAKER:GPU count=1 model="NVIDIA A10G""#);
/// assert!(report.check(&"g5.xlarge".parse()?).is_ok());
/// assert!(report.check(&"g6.xlarge".parse()?).is_err());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GpuReport {
    /// The number of GPUs that `nvidia-smi` lists; 0 if it failed.
    pub count: u32,
    /// The model of the first GPU, as `nvidia-smi` names it; empty if it failed.
    pub model: String,
    /// The memory of the first GPU, as `nvidia-smi` gives it: `23028 MiB`; empty if it is not reported.
    pub memory: String,
    /// The version of the driver: `595.91.07`; empty if it is not reported.
    pub driver: String,
}

impl GpuReport {
    /// Creates a report of these GPUs. Quotation marks and control characters would break the line, so they are
    /// removed.
    pub fn new(count: u32, model: &str) -> Self {
        Self {
            count,
            model: on_one_line(model),
            memory: String::new(),
            driver: String::new(),
        }
    }

    /// Adds the memory of a GPU and the version of the driver.
    #[must_use]
    pub fn with_driver(self, memory: &str, driver: &str) -> Self {
        Self {
            memory: on_one_line(memory),
            driver: on_one_line(driver),
            ..self
        }
    }

    /// Returns the GPUs as people read them: `4 x NVIDIA A10G, 23028 MiB, driver 595.91.07`.
    pub(crate) fn describe(&self) -> String {
        let mut text = format!("{} x {}", self.count, self.model);
        if !self.memory.is_empty() {
            text += &format!(", {}", self.memory);
        }
        if !self.driver.is_empty() {
            text += &format!(", driver {}", self.driver);
        }
        text
    }

    /// Returns the report of an instance of this type whose GPUs work.
    pub fn expected(instance_type: &GpuInstanceType) -> Self {
        Self::new(instance_type.gpu_count(), instance_type.gpu_model())
    }

    /// Returns the last complete report in the console output, which may contain any other text.
    pub fn find_in(console_output: &str) -> Option<Self> {
        console_output
            .rmatch_indices(COUNT)
            .find_map(|(start, marker)| {
                let (count, rest) = console_output[start + marker.len()..].split_once(MODEL)?;
                let (model, rest) = rest.split_once('"')?;
                // `u32::from_str` would accept a sign.
                let is_number = count.bytes().all(|b| b.is_ascii_digit());
                let count = count.parse().ok().filter(|_| is_number)?;
                // A line that another one has cut in two is not complete.
                (!model.contains(char::is_control)).then(|| {
                    let (memory, driver) = details(rest).unwrap_or_default();
                    Self::new(count, model).with_driver(memory, driver)
                })
            })
    }

    /// Checks that these are the GPUs of the instance type.
    ///
    /// The count must be equal. Every word of the model in the catalog, except vendor words, must be among the words
    /// of the reported model, which may have more: `A100` is found in `NVIDIA A100-SXM4-40GB`, but `T4` is not found in
    /// `T4G`.
    ///
    /// # Errors
    /// Returns an error with the GPUs of the type and the reported ones if they differ.
    pub fn check(&self, instance_type: &GpuInstanceType) -> Result<(), GpuMismatch> {
        let is_reported =
            |wanted: &str| words(&self.model).any(|word| word.eq_ignore_ascii_case(wanted));
        let same_model = words(instance_type.gpu_model())
            .filter(|word| !VENDOR_WORDS.contains(word))
            .all(is_reported);
        if self.count == instance_type.gpu_count() && same_model {
            Ok(())
        } else {
            Err(GpuMismatch {
                instance_type: *instance_type,
                report: self.clone(),
            })
        }
    }
}

impl fmt::Display for GpuReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{COUNT}{}{MODEL}{}\"", self.count, self.model)?;
        if self.memory.is_empty() && self.driver.is_empty() {
            return Ok(());
        }
        write!(f, "{MEMORY}{}\"{DRIVER}{}\"", self.memory, self.driver)
    }
}

/// Returns the memory and the driver from the rest of the line of a report.
fn details(rest: &str) -> Option<(&str, &str)> {
    let (memory, rest) = rest.strip_prefix(MEMORY)?.split_once('"')?;
    let (driver, _) = rest.strip_prefix(DRIVER)?.split_once('"')?;
    let is_one_line = |text: &str| !text.contains(char::is_control);
    (is_one_line(memory) && is_one_line(driver)).then_some((memory, driver))
}

fn on_one_line(text: &str) -> String {
    let allowed = text.chars().filter(|c| *c != '"' && !c.is_control());
    allowed.collect()
}

/// Error returned when an instance does not have the GPUs of its type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "expected {} × {} on {instance_type}, but {}",
    instance_type.gpu_count(),
    instance_type.gpu_model(),
    found(report)
)]
pub struct GpuMismatch {
    instance_type: GpuInstanceType,
    report: GpuReport,
}

impl GpuMismatch {
    /// Returns the type of the instance.
    pub fn instance_type(&self) -> GpuInstanceType {
        self.instance_type
    }

    /// Returns the report of the instance.
    pub fn report(&self) -> &GpuReport {
        &self.report
    }
}

fn found(report: &GpuReport) -> String {
    match report.count {
        0 => "nvidia-smi found no GPU".to_owned(),
        1.. => format!("nvidia-smi found {} × {}", report.count, report.model),
    }
}

fn words(model: &str) -> impl Iterator<Item = &str> {
    model
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(name: &str, count: u32, model: &str) -> Result<(), GpuMismatch> {
        GpuReport::new(count, model).check(&name.parse().unwrap())
    }

    #[test]
    fn nvidia_smi_models_match_catalog() {
        let models = [
            ("g4dn.xlarge", 1, "Tesla T4"),
            ("g5.48xlarge", 8, "NVIDIA A10G"),
            ("g5g.16xlarge", 2, "NVIDIA T4G"),
            ("g6.xlarge", 1, "NVIDIA L4"),
            ("g6f.large", 1, "NVIDIA L4-3Q"),
            ("g6e.xlarge", 1, "NVIDIA L40S"),
            (
                "g7e.2xlarge",
                1,
                "NVIDIA RTX PRO 6000 Blackwell Server Edition",
            ),
            ("p3.2xlarge", 1, "Tesla V100-SXM2-16GB"),
            ("p4d.24xlarge", 8, "NVIDIA A100-SXM4-40GB"),
            ("p5.48xlarge", 8, "NVIDIA H100 80GB HBM3"),
            ("p6e-gb200.36xlarge", 4, "NVIDIA GB200"),
        ];
        for (name, count, model) in models {
            assert_eq!(check(name, count, model), Ok(()));
        }
    }

    #[test]
    fn similar_models_are_told_apart() {
        assert!(check("g4dn.xlarge", 1, "NVIDIA T4G").is_err());
        assert!(check("g6.xlarge", 1, "NVIDIA L40S").is_err());
        assert!(check("g6e.xlarge", 1, "NVIDIA L4").is_err());
        assert!(check("g7.2xlarge", 1, "NVIDIA RTX PRO 6000").is_err());
    }

    #[test]
    fn mismatch_names_expected_and_found() {
        assert_eq!(
            check("g5.12xlarge", 3, "NVIDIA A10G")
                .unwrap_err()
                .to_string(),
            "expected 4 × NVIDIA A10G on g5.12xlarge, but nvidia-smi found 3 × NVIDIA A10G"
        );
        assert_eq!(
            check("g5.xlarge", 0, "").unwrap_err().to_string(),
            "expected 1 × NVIDIA A10G on g5.xlarge, but nvidia-smi found no GPU"
        );
    }

    #[test]
    fn expected_report_passes_check() {
        for instance_type in GpuInstanceType::all() {
            assert_eq!(
                GpuReport::expected(&instance_type).check(&instance_type),
                Ok(())
            );
        }
    }

    #[test]
    fn last_complete_report_wins() {
        let console = "GEUSEMAKER:GPU count=0 model=\"\"\r\nGEUSEMAKER:GPU count=2 model=\"A\"\r\n\
                       GEUSEMAKER:GPU count=3 model=\"B[ 1.0] usb\r\nGEUSEMAKER:GPU count=4 mod";
        assert_eq!(GpuReport::find_in(console), Some(GpuReport::new(2, "A")));
    }

    #[test]
    fn incomplete_report_is_not_found() {
        for console in [
            "",
            "GEUSEMAKER:GPU",
            "GEUSEMAKER:GPU count=1",
            "GEUSEMAKER:GPU count= model=\"A\"",
            "GEUSEMAKER:GPU count=+1 model=\"A\"",
            "GEUSEMAKER:GPU count=1\n model=\"A\"",
            "GEUSEMAKER:GPU count=99999999999 model=\"A\"",
            "GEUSEMAKER:GPU count=1 model=\"A\n\"",
        ] {
            assert_eq!(GpuReport::find_in(console), None, "{console:?}");
        }
    }

    proptest! {
        #[test]
        fn report_is_found_in_any_output(count: u32, texts: [String; 3], before: String, after: String) {
            let [model, memory, driver] = &texts;
            let report = GpuReport::new(count, model).with_driver(memory, driver);
            let console = format!("{before}{report}\r\n{after}");
            prop_assert_eq!(GpuReport::find_in(&console), Some(report));
        }

        #[test]
        fn reader_never_panics(noise in "(GEUSEMAKER:GPU |count=|model=\"|[0-9]|\"|\\PC|\n)*") {
            let _ = GpuReport::find_in(&noise);
        }
    }
}
