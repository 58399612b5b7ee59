//! The ports that a service publishes.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::bounded::WholeNumber;
use crate::spec::error::SpecError;

/// A port of the instance that leads to a port of a container: `"80:8000"`, or `8000` where both are the same.
///
/// The order is Docker's: the port of the host comes first. A spec refuses a port 0, and the ports of the instance that
/// have another use: 22 (SSH) and 2049 (the file system).
///
/// ```
/// use geusemaker_core::spec::PortMapping;
///
/// let port: PortMapping = "80:8000".parse()?;
/// assert_eq!((port.host(), port.container()), (80, 8000));
/// assert_eq!(port, PortMapping::from((80, 8000)));
/// assert_eq!(PortMapping::from(8000).to_string(), "8000");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortMapping {
    host: u16,
    container: u16,
}

impl PortMapping {
    /// Returns the port on the instance.
    pub fn host(self) -> u16 {
        self.host
    }

    /// Returns the port in the container.
    pub fn container(self) -> u16 {
        self.container
    }

    /// Checks that the instance can publish the port.
    pub(super) fn checked(self) -> Result<Self, SpecError> {
        for port in [self.host, self.container] {
            port_number(port.into())?;
        }
        match self.host {
            22 => Err(SpecError::new("port 22 is taken by SSH: choose another")),
            2049 => Err(SpecError::new(
                "port 2049 is taken by the shared file system: choose another",
            )),
            _ => Ok(self),
        }
    }
}

impl From<u16> for PortMapping {
    /// Maps a port of the instance to the same port of the container.
    fn from(port: u16) -> Self {
        Self::from((port, port))
    }
}

impl From<(u16, u16)> for PortMapping {
    /// Maps the first port, of the instance, to the second, of the container.
    fn from((host, container): (u16, u16)) -> Self {
        Self { host, container }
    }
}

impl FromStr for PortMapping {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let (host, container) = text.split_once(':').unwrap_or((text, text));
        let read = |digits: &str| {
            // Digits only: the parser of numbers alone would accept a sign.
            let number = digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits);
            number.and_then(|digits| digits.parse::<i128>().ok())
        };
        match (read(host), read(container)) {
            (Some(host), Some(container)) => Ok(Self {
                host: port_number(host)?,
                container: port_number(container)?,
            }),
            _ => Err(SpecError::new(format!(
                "{text:?} is not a port: expected a number, or \"80:8000\" for port 80 of the instance and 8000 of the \
                 container"
            ))),
        }
    }
}

impl fmt::Display for PortMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host == self.container {
            self.host.fmt(f)
        } else {
            write!(f, "{}:{}", self.host, self.container)
        }
    }
}

impl Serialize for PortMapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.host == self.container {
            serializer.serialize_u16(self.host)
        } else {
            serializer.collect_str(self)
        }
    }
}

impl<'de> Deserialize<'de> for PortMapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = PortMapping;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port, as in 8000 or \"80:8000\"")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<PortMapping, E> {
                let port = port_number(number.into()).map_err(E::custom)?;
                Ok(PortMapping::from(port))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<PortMapping, E> {
                let port = port_number(number.into()).map_err(E::custom)?;
                Ok(PortMapping::from(port))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<PortMapping, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

/// Reads the number of a port from a file.
pub(super) fn read_port_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u16>, D::Error> {
    let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
    port_number(number).map(Some).map_err(D::Error::custom)
}

fn port_number(number: i128) -> Result<u16, SpecError> {
    match u16::try_from(number) {
        Ok(0) | Err(_) => Err(SpecError::new(format!(
            "must be a port from 1 to 65535, not {number}"
        ))),
        Ok(number) => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn port_of_host_comes_first() {
        for (text, host, container) in [("80:8000", 80, 8000), ("8000", 8000, 8000)] {
            let port: PortMapping = text.parse().unwrap();
            assert_eq!((port.host(), port.container()), (host, container));
            assert_eq!(port.to_string(), text);
        }
        let read = |json: &str| serde_json::from_str::<PortMapping>(json).unwrap();
        assert_eq!(read("8000"), read("\"8000:8000\""));
        assert_eq!(serde_json::to_string(&read("\"80:80\"")).unwrap(), "80");
        assert_eq!(
            serde_json::to_string(&read("\"80:8000\"")).unwrap(),
            "\"80:8000\""
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "", ":", "80:", ":80", "80:80:80", "a", "+1", "80/tcp", "1-2",
        ] {
            let error = text.parse::<PortMapping>().unwrap_err().to_string();
            assert!(
                error.contains("is not a port: expected a number"),
                "{error}"
            );
        }
        for text in ["0", "80:0", "65536", "80:65536", "99999999999999999999"] {
            let error = text.parse::<PortMapping>().unwrap_err().to_string();
            assert!(
                error.starts_with("must be a port from 1 to 65535, not "),
                "{error}"
            );
        }
        let error = serde_json::from_str::<PortMapping>("-1").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("must be a port from 1 to 65535, not -1")
        );
        let error = serde_json::from_str::<PortMapping>("true").unwrap_err();
        assert!(error.to_string().contains("expected a port, as in 8000 or"));
    }

    /// Only the instance has ports with another use.
    #[test]
    fn reserved_ports_are_refused() {
        for (port, reason) in [
            ((22, 80), "SSH"),
            ((2049, 80), "shared file system"),
            ((0, 80), "from 1 to 65535"),
            ((80, 0), "from 1 to 65535"),
        ] {
            let error = PortMapping::from(port).checked().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        for port in [(1, 22), (65535, 2049)] {
            assert!(PortMapping::from(port).checked().is_ok());
        }
    }

    proptest! {
        #[test]
        fn written_port_is_read_back(host in 1..=u16::MAX, container in 1..=u16::MAX) {
            let port = PortMapping::from((host, container));
            prop_assert_eq!(port.to_string().parse(), Ok(port));
            let json = serde_json::to_string(&port).unwrap();
            prop_assert_eq!(serde_json::from_str::<PortMapping>(&json).unwrap(), port);
        }

        #[test]
        fn reader_never_panics(text: String) {
            let _ = text.parse::<PortMapping>();
        }
    }
}
