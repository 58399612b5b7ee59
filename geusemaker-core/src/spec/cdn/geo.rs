//! The countries that viewers may be in.

use serde::{Deserialize, Serialize};

use crate::spec::error::SpecError;
use crate::spec::text::validated_text;

/// The codes of all countries.
///
/// Source: ISO 3166-1 alpha-2.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA \
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA \
    GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP \
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS \
    MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS \
    RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW \
    TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// The countries from which requests are answered. CloudFront answers all others with 403.
///
/// ```
/// use geusemaker_core::spec::GeoRestriction;
///
/// let geo = GeoRestriction::allow(["DE".parse()?, "FR".parse()?]);
/// assert_eq!(geo.countries().len(), 2);
/// assert!(geo.is_allow());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, as in { allow = [\"DE\", \"FR\"] }"
)]
pub struct GeoRestriction {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allow: Option<Vec<CountryCode>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deny: Option<Vec<CountryCode>>,
}

impl GeoRestriction {
    /// Creates the restriction to these countries.
    pub fn allow(countries: impl IntoIterator<Item = CountryCode>) -> Self {
        Self {
            allow: Some(countries.into_iter().collect()),
            deny: None,
        }
    }

    /// Creates the exclusion of these countries.
    pub fn deny(countries: impl IntoIterator<Item = CountryCode>) -> Self {
        Self {
            allow: None,
            deny: Some(countries.into_iter().collect()),
        }
    }

    /// Returns true if only the listed countries are answered, false if all but them are.
    pub fn is_allow(&self) -> bool {
        self.allow.is_some()
    }

    /// Returns the listed countries.
    pub fn countries(&self) -> &[CountryCode] {
        let listed = self.allow.as_ref().or(self.deny.as_ref());
        listed.map_or(&[], Vec::as_slice)
    }

    /// Checks that exactly one list is given, and each country once.
    pub(super) fn check(&self) -> Result<(), SpecError> {
        let (key, listed) = match (&self.allow, &self.deny) {
            (Some(_), Some(_)) => {
                let message = "contradicts allow: list the countries that are answered in allow, or those that are not in \
                               deny";
                return Err(SpecError::new(message).at("deny"));
            }
            (None, None) => {
                let message =
                    "names no country: add allow or deny, as in { allow = [\"DE\", \"FR\"] }";
                return Err(SpecError::new(message));
            }
            (Some(listed), None) => ("allow", listed),
            (None, Some(listed)) => ("deny", listed),
        };
        if listed.is_empty() {
            let message = "names no country: list codes such as \"DE\", or leave geo out";
            return Err(SpecError::new(message).at(key));
        }
        let repeated = listed.iter().enumerate();
        let mut repeated = repeated.filter(|(index, code)| listed[..*index].contains(code));
        match repeated.next() {
            Some((index, code)) => Err(SpecError::new(format!(
                "{code} is listed more than once: name each country once"
            ))
            .at(format!("{key}[{index}]"))),
            None => Ok(()),
        }
    }
}

validated_text! {
    /// The code of a country: `DE`.
    ///
    /// ```
    /// use geusemaker_core::spec::CountryCode;
    ///
    /// assert!("GB".parse::<CountryCode>().is_ok());
    /// let error = "UK".parse::<CountryCode>().unwrap_err();
    /// assert_eq!(error.message(), "\"UK\" is not the code of a country; did you mean \"GB\"?");
    /// ```
    CountryCode, check
}

fn check(text: &str) -> Result<(), String> {
    let is_known = |code: &str| COUNTRIES.split(' ').any(|known| known == code);
    let upper = text.to_ascii_uppercase();
    let meant = match upper.as_str() {
        "UK" => Some("GB"),
        "EL" => Some("GR"),
        code if code != text && is_known(code) => Some(code),
        _ => None,
    };
    match meant {
        _ if is_known(text) => Ok(()),
        Some(meant) => Err(format!(
            "{text:?} is not the code of a country; did you mean {meant:?}?"
        )),
        None => Err(format!(
            "{text:?} is not the code of a country: expected two capital letters of ISO 3166-1, as in \"DE\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_codes_are_those_of_iso() {
        let all: Vec<_> = COUNTRIES.split(' ').collect();
        assert_eq!(all.len(), 249);
        assert!(all.is_sorted());
        for text in ["XX", "D", "DEU", "", " DE"] {
            assert!(text.parse::<CountryCode>().is_err(), "{text}");
        }
        let error = "de".parse::<CountryCode>().unwrap_err().to_string();
        assert!(error.ends_with("did you mean \"DE\"?"), "{error}");
    }
}
