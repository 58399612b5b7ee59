//! The range of addresses of a new VPC.

use ipnet::Ipv4Net;

use super::cidr_block::{CidrBlock, check_cidr_block};
use super::text::validated_text;

/// The lengths of the prefix of a range, from the largest range to the smallest. AWS allows smaller ones, in which a
/// load balancer beside twenty instances finds no room.
///
/// Source: Amazon VPC User Guide, VPC CIDR blocks: from /16 to /28.
const PREFIXES: std::ops::RangeInclusive<u8> = 16..=24;

/// The ranges that are not of the internet.
///
/// Source: RFC 1918 and RFC 6598.
const PRIVATE: [&str; 4] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
];

/// The range of Docker's own network, on each instance.
const DOCKER: &str = "172.17.0.0/16";

validated_text! {
    /// The range of addresses of a new VPC: private addresses in CIDR notation, from /16 to /24.
    ///
    /// ```
    /// use geusemaker_core::spec::VpcRange;
    ///
    /// assert_eq!(VpcRange::default().as_str(), "10.0.0.0/16");
    /// let small: VpcRange = "192.168.7.0/24".parse()?;
    /// let error = "10.0.0.0/8".parse::<VpcRange>().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "\"10.0.0.0/8\" is too large for a VPC: choose a range from /16 to /24, such as \"10.0.0.0/16\""
    /// );
    /// # assert_eq!(small.to_string(), "192.168.7.0/24");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    VpcRange, check
}

impl Default for VpcRange {
    fn default() -> Self {
        Self("10.0.0.0/16".to_owned())
    }
}

impl VpcRange {
    /// Returns the four quarters of the range: the ranges of the subnets.
    pub(crate) fn quarters(&self) -> [CidrBlock; 4] {
        let whole = parsed(self.as_str());
        let length = whole.prefix_len() + 2;
        [0, 1, 2, 3].map(|place: u32| {
            let first = u32::from(whole.network()) + (place << (32 - length));
            CidrBlock::of(Ipv4Net::new_assert(first.into(), length))
        })
    }
}

fn check(text: &str) -> Result<(), String> {
    let inside = text.parse::<Ipv4Net>().ok();
    if let Some(range) = inside.filter(|range| range.trunc() != *range) {
        return Err(format!(
            "{text:?} is an address inside of a range: write \"{}\"",
            range.trunc()
        ));
    }
    check_cidr_block(text)?;
    let range = parsed(text);
    let size = range.prefix_len();
    if !PREFIXES.contains(&size) {
        let large = if size < *PREFIXES.start() {
            "large"
        } else {
            "small"
        };
        return Err(format!(
            "{text:?} is too {large} for a VPC: choose a range from /16 to /24, such as \"10.0.0.0/16\""
        ));
    }
    if !PRIVATE
        .iter()
        .any(|private| parsed(private).contains(&range))
    {
        return Err(format!(
            "{text:?} is on the internet, which instances with such addresses could not reach: choose a range in {}",
            PRIVATE.join(", ")
        ));
    }
    if parsed(DOCKER).contains(&range) {
        return Err(format!(
            "{text:?} is in the range of Docker's own network, {DOCKER}: choose another, such as \"10.0.0.0/16\""
        ));
    }
    Ok(())
}

/// Returns the range with this text, which is known to be one.
fn parsed(text: &str) -> Ipv4Net {
    #[expect(clippy::expect_used, reason = "the text was checked, or is a constant")]
    text.parse().expect("a range of addresses")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        text.parse::<VpcRange>().unwrap_err().to_string()
    }

    #[test]
    fn unsuitable_range_says_right_ones() {
        for (text, wanted) in [
            ("10.0.0.1/16", "inside of a range: write \"10.0.0.0/16\""),
            ("10.0.0.0/15", "is too large for a VPC"),
            ("10.0.0.0/25", "is too small for a VPC"),
            ("8.8.0.0/16", "choose a range in 10.0.0.0/8, 172.16.0.0/12"),
            ("172.32.0.0/16", "is on the internet"),
            ("172.17.0.0/16", "Docker's own network"),
            ("172.17.4.0/24", "Docker's own network"),
        ] {
            let error = error(text);
            assert!(error.contains(wanted), "{error}");
        }
        for text in [
            "10.0.0.0/16",
            "172.31.0.0/20",
            "192.168.0.0/24",
            "100.64.0.0/16",
        ] {
            assert_eq!(text.parse::<VpcRange>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn quarters_have_names_of_ranges() {
        let range: VpcRange = "10.1.0.0/22".parse().unwrap();
        let quarters = range.quarters().map(|quarter| quarter.to_string());
        let wanted = ["10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/24", "10.1.3.0/24"];
        assert_eq!(quarters, wanted);
    }

    proptest! {
        /// AWS takes subnets from /16 to /28, and a load balancer needs eight free addresses in /27 or more.
        #[test]
        fn quarters_fill_range_without_overlap(second: u8, third: u8, length in 16..=24u8) {
            let whole = Ipv4Net::new([10, second, third, 0].into(), length).unwrap().trunc();
            let range: VpcRange = whole.to_string().parse().unwrap();
            let quarters = range.quarters().map(|quarter| parsed(quarter.as_str()));
            for (place, quarter) in quarters.iter().enumerate() {
                prop_assert!(whole.contains(quarter) && (16..=26).contains(&quarter.prefix_len()));
                let mut others = quarters[place + 1..].iter();
                prop_assert!(!others.any(|other| other.contains(quarter)));
            }
        }
    }
}
