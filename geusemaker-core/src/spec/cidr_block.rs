//! Ranges of addresses.

use ipnet::Ipv4Net;

use super::text::validated_text;

validated_text! {
    /// A range of IPv4 addresses in CIDR notation: an address and the length of the prefix, `203.0.113.0/24`.
    ///
    /// ```
    /// use geusemaker_core::spec::CidrBlock;
    ///
    /// let office: CidrBlock = "203.0.113.0/24".parse()?;
    /// assert_eq!(office.as_str(), "203.0.113.0/24");
    /// let error = "203.0.113.7".parse::<CidrBlock>().unwrap_err();
    /// assert_eq!(error.to_string(), "\"203.0.113.7\" is one address: for a range of it alone, write \"203.0.113.7/32\"");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    CidrBlock, check_cidr_block
}

impl CidrBlock {
    /// Returns the text of a range.
    pub(super) fn of(range: Ipv4Net) -> Self {
        Self(range.trunc().to_string())
    }

    /// Returns true if every IPv4 address is in the range.
    pub fn is_everywhere(&self) -> bool {
        self.as_str().ends_with("/0")
    }
}

pub(super) fn check_cidr_block(text: &str) -> Result<(), String> {
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err(format!(
            "{text:?} is one address: for a range of it alone, write \"{text}/32\""
        ));
    }
    if text.contains(':') {
        return Err(format!(
            "{text:?} is not a range of IPv4 addresses, and the instances have no IPv6 addresses: write a range such as \
             \"203.0.113.0/24\""
        ));
    }
    let Ok(range) = text.parse::<Ipv4Net>() else {
        return Err(format!(
            "{text:?} is not a range of addresses: expected an address and the length of the prefix, as in \
             \"203.0.113.0/24\""
        ));
    };
    let whole = range.trunc();
    if whole != range {
        return Err(format!(
            "{text:?} is an address inside of a range: write \"{whole}\" for the range, or \"{}/32\" for the address",
            range.addr()
        ));
    }
    // One text for each range, so that two of them can be compared.
    if whole.to_string() != text {
        return Err(format!("{text:?} is written as \"{whole}\""));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrong_range_says_right_one() {
        for (text, wanted) in [
            ("", "is not a range of addresses"),
            ("office", "is not a range of addresses"),
            ("203.0.113.0/33", "is not a range of addresses"),
            ("203.0.113/24", "is not a range of addresses"),
            ("10.0.0.1", "write \"10.0.0.1/32\""),
            (
                "203.0.113.7/24",
                "write \"203.0.113.0/24\" for the range, or \"203.0.113.7/32\" for the address",
            ),
            ("2001:db8::/32", "have no IPv6 addresses"),
        ] {
            let error = text.parse::<CidrBlock>().unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    proptest! {
        #[test]
        fn whole_ranges_are_accepted(address: u32, length in 0..=32u8) {
            let range = Ipv4Net::new(address.into(), length).unwrap().trunc().to_string();
            let read: CidrBlock = range.parse().unwrap();
            prop_assert_eq!(read.as_str(), range.as_str());
            prop_assert_eq!(read.is_everywhere(), length == 0);
        }
    }
}
