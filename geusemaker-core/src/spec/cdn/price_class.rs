//! The edge locations that answer.

use serde::{Deserialize, Serialize};

/// The edge locations that answer, by their price.
///
/// ```
/// use geusemaker_core::spec::{Cdn, PriceClass};
///
/// assert_eq!(Cdn::default().price_class(), PriceClass::Class100);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PriceClass {
    /// North America, Europe and Israel: the cheapest. The default.
    #[default]
    #[serde(rename = "100")]
    Class100,
    /// Most others too, but not those of South America, Australia and New Zealand.
    #[serde(rename = "200")]
    Class200,
    /// All edge locations.
    #[serde(rename = "all")]
    All,
}
