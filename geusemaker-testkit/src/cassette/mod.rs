//! Record a program's AWS traffic once, and replay it in its tests.
//!
//! - A [`Recorder`] stands between the SDK and its HTTP client, and keeps the traffic as a [`Cassette`].
//! - A [`Redactor`] removes credentials, account ids and everything random before anything is kept, and again from each
//!   request that is compared. [`Cassette::save`] refuses to write text that still looks like a secret.
//! - A [`Player`] takes the place of AWS. It answers a request by its content (service, operation, parameters), so
//!   requests may come in another order or at the same time. A request without an answer fails at once with a
//!   [`Mismatch`], which shows its differences from the nearest recorded one.
//!
//! On disk a cassette is [HAR 1.2](http://www.softwareishard.com/blog/har-12-spec/), which browsers and proxies open.
//!
//! ```
//! use aws_sdk_sts::Client;
//! use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
//! use geusemaker_testkit::cassette::{Cassette, Player};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let json = r#"{"log": {"version": "1.2", "creator": {"name": "doc", "version": "0"}, "entries": [{
//! #     "request": {"method": "POST", "url": "https://sts.us-east-1.amazonaws.com/", "postData": {
//! #         "mimeType": "application/x-www-form-urlencoded", "text": "Action=GetCallerIdentity&Version=2011-06-15"}},
//! #     "response": {"status": 200, "content": {"mimeType": "text/xml", "text": "<GetCallerIdentityResponse
//! #         ><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"}}
//! # }]}}"#.replace("\n", "");
//! // `json` is what an earlier `recorder.cassette().save(path)` wrote; see also `Cassette::load`.
//! let player = Player::new(&Cassette::from_json(&json)?);
//! let config = aws_sdk_sts::Config::builder()
//!     .behavior_version(BehaviorVersion::latest())
//!     .region(Region::new("us-east-1"))
//!     .credentials_provider(Credentials::new("id", "key", None, None, "test"))
//!     .http_client(player.http_client())
//!     .build();
//! let identity = Client::from_conf(config).get_caller_identity().send().await?;
//! assert_eq!(identity.account(), Some("123456789012"));
//! player.verify()?;
//! # Ok(())
//! # }
//! ```

mod body;
mod error;
mod exchange;
mod file;
pub(crate) mod har;
mod mismatch;
mod player;
mod recorder;
mod redact;
mod request;
mod scan;
mod sensitive;
mod service;

pub use error::{CassetteError, PatternError, PlayError};
pub use file::Cassette;
pub use mismatch::{Difference, Mismatch};
pub use player::{Player, Unused};
pub use recorder::Recorder;
pub use redact::Redactor;
pub use request::Call;
pub use scan::{Finding, FindingKind, secrets_in_file};
