//! A cassette as a value and as a file.

use std::fs;
use std::path::Path;

use super::error::CassetteError;
use super::har::{CallName, Entry, FORMAT, Har, started};
use super::redact::Redactor;
use super::request::Call;
use super::scan::{self, Finding};
use super::service::service;

/// Recorded calls and their answers, in the order in which they were made.
///
/// On disk this is HAR 1.2 in indented JSON. The same calls give the same text, at any time and on any machine. A HAR
/// that another program recorded can be loaded too; call [`redacted`](Self::redacted) before saving it.
/// [`Recorder`](super::Recorder) has an example.
#[derive(Clone, Debug, PartialEq)]
pub struct Cassette {
    har: Har,
}

impl Cassette {
    /// Reads a cassette from a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is not HAR in JSON, or was written by a newer release.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|source| CassetteError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_json(&text)
    }

    /// Reads a cassette from its text.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not HAR in JSON, or was written by a newer release.
    pub fn from_json(text: &str) -> Result<Self, CassetteError> {
        let mut har: Har = serde_json::from_str(text).map_err(CassetteError::NotHar)?;
        let found = har.log.format.as_ref().map_or(0, |format| format.format);
        if found > FORMAT {
            return Err(CassetteError::Newer {
                found,
                supported: FORMAT,
            });
        }
        for entry in &mut har.log.entries {
            name(entry);
        }
        Ok(Self { har })
    }

    /// Writes the whole cassette to a file and replaces the file's content.
    ///
    /// # Errors
    ///
    /// Returns an error if [`secrets`](Self::secrets) finds something, in which case nothing is written, or if the file
    /// cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CassetteError> {
        let findings = self.secrets();
        if !findings.is_empty() {
            return Err(CassetteError::Secrets { findings });
        }
        let path = path.as_ref();
        fs::write(path, self.to_json()).map_err(|source| CassetteError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// Returns the text that [`save`](Self::save) writes.
    #[expect(
        clippy::expect_used,
        reason = "JSON can only refuse maps whose keys are not strings, and there are none"
    )]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.har).expect("only strings and numbers");
        text.push('\n');
        text
    }

    /// Returns the number of recorded calls.
    pub fn len(&self) -> usize {
        self.har.log.entries.len()
    }

    /// Returns true if no call is recorded.
    pub fn is_empty(&self) -> bool {
        self.har.log.entries.is_empty()
    }

    /// Returns the call of each entry, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.entries().iter().map(call).collect()
    }

    /// Returns the same cassette with `redactor`'s rules applied.
    #[must_use]
    pub fn redacted(&self, redactor: &Redactor) -> Self {
        Self::from_entries(self.entries().to_vec(), redactor)
    }

    /// Returns all text that looks like a secret, and its place. A cassette recorded by this crate should hold none:
    /// this is a second check, for files edited by hand, recorded elsewhere, or redacted by too few rules.
    #[expect(
        clippy::expect_used,
        reason = "JSON can only refuse maps whose keys are not strings, and there are none"
    )]
    pub fn secrets(&self) -> Vec<Finding> {
        scan::findings_in(&serde_json::to_value(&self.har).expect("only strings and numbers"))
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.har.log.entries
    }

    /// Redacts, names and dates the entries.
    pub(crate) fn from_entries(mut entries: Vec<Entry>, redactor: &Redactor) -> Self {
        for (index, entry) in entries.iter_mut().enumerate() {
            name(entry);
            redactor.entry(entry);
            name(entry);
            entry.started_date_time = started(index);
        }
        Self {
            har: Har::new(entries),
        }
    }
}

pub(crate) fn call(entry: &Entry) -> Call {
    let service = match &entry.call {
        Some(call) => call.service.clone(),
        None => service(&entry.request),
    };
    Call::read(&service, &entry.request)
}

/// Records the name of the call in its entry. The service is determined the first time, while the signature is there.
pub(crate) fn name(entry: &mut Entry) {
    let call = call(entry);
    entry.call = Some(CallName {
        service: call.service().to_owned(),
        operation: call.operation().to_owned(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::har::{self, Content, NameValue};

    fn entry(url: &str, headers: &[(&str, &str)]) -> Entry {
        let headers = headers
            .iter()
            .map(|(name, value)| NameValue::new(*name, *value))
            .collect();
        Entry::new(
            har::Request::new("GET", url, headers, Content::default()),
            har::Response::new(
                200,
                Vec::new(),
                Content::from_bytes("application/json", b"{}"),
            ),
        )
    }

    #[test]
    fn cassette_survives_json_round_trip() {
        let entries = vec![entry(
            "https://host/2015-02-01/file-systems?MaxItems=1",
            &[],
        )];
        let cassette = Cassette::from_entries(entries, &Redactor::new());
        assert_eq!(Cassette::from_json(&cassette.to_json()).unwrap(), cassette);
    }

    /// Each date follows from the entry's position.
    #[test]
    fn recording_dates_are_replaced() {
        let mut recorded = entry("https://host/", &[]);
        recorded.started_date_time = "2024-02-29T12:00:00Z".to_owned();
        let cassette = Cassette::from_entries(vec![recorded.clone(), recorded], &Redactor::new());
        let dates = cassette
            .entries()
            .iter()
            .map(|entry| entry.started_date_time.as_str());
        assert!(dates.eq(["2000-01-01T00:00:00.000Z", "2000-01-01T00:00:01.000Z"]));
    }

    #[test]
    fn service_survives_loss_of_signature() {
        let signed =
            "AWS4-HMAC-SHA256 Credential=AKID/20240101/us-east-1/kafka/aws4_request, Signature=0";
        let entries = vec![entry(
            "http://127.0.0.1/v1/clusters",
            &[("authorization", signed)],
        )];
        let cassette = Cassette::from_entries(entries, &Redactor::new());
        assert!(!cassette.to_json().contains("AWS4"));
        let read = Cassette::from_json(&cassette.to_json()).unwrap();
        assert_eq!(read.calls()[0].service(), "kafka");
    }

    #[test]
    fn newer_format_is_refused() {
        let json = r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "9"}, "_geusemaker": {"format": 2}, "entries": []}}"#;
        let error = Cassette::from_json(json).unwrap_err();
        assert!(matches!(
            error,
            CassetteError::Newer {
                found: 2,
                supported: 1
            }
        ));
    }

    /// JSON that is not HAR is refused.
    #[test]
    fn unknown_fields_are_ignored() {
        let json = r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "9"}, "_geusemaker": {"format": 1, "new": 1}, "entries": []}, "_x": 1}"#;
        assert!(Cassette::from_json(json).unwrap().is_empty());
        assert!(matches!(
            Cassette::from_json("{}"),
            Err(CassetteError::NotHar(_))
        ));
    }

    #[test]
    fn cassette_with_secret_is_not_saved() {
        let text = r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "9"}, "entries": [{
            "request": {"method": "GET", "url": "https://host/?k=AKIAIOSFODNN7EXAMPLE"},
            "response": {"status": 200, "content": {}}}]}}"#;
        let cassette = Cassette::from_json(text).unwrap();
        let path = std::env::temp_dir().join("geusemaker-testkit-never-written.har");
        let error = cassette.save(&path).unwrap_err();
        assert!(matches!(error, CassetteError::Secrets { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("log.entries[0].request.url: an access key id")
        );
        assert!(!path.exists());
        assert!(cassette.redacted(&Redactor::new()).secrets().is_empty());
    }
}
