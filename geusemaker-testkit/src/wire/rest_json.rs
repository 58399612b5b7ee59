//! REST with JSON bodies, the protocol of Amazon EFS.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::error_code::Code;
use super::form::{self, FormError};
use super::path::segments;
use super::reply::respond;
use super::{Body, Reply, Service, ServiceError};

/// The query parameters that are lists, in botocore's model of EFS.
const LISTS: [&str; 1] = ["tagKeys"];

/// A request with its path split into segments.
#[derive(Debug)]
pub(crate) struct Input {
    /// The path's segments after the API version: `["file-systems", "fs-1"]`.
    path: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    /// The values of the query parameters that are lists and may be repeated.
    lists: Vec<(String, String)>,
    body: Bytes,
}

impl Input {
    /// Returns a segment of the path: 1 is the id in `file-systems/fs-1`.
    pub(crate) fn segment(&self, index: usize) -> Result<&str, ServiceError> {
        self.path
            .get(index)
            .map(String::as_str)
            .ok_or_else(|| ServiceError::new(Code::BadRequest, "the path names no resource"))
    }

    /// Returns all values of a query parameter that is a list.
    pub(crate) fn query_values(&self, name: &str) -> Vec<String> {
        self.lists
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// Returns the body; a member that the type does not know is refused.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, ServiceError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let error = error.to_string();
            if error.starts_with("unknown field") {
                ServiceError::unsupported(format_args!("this body: {error}"))
            } else {
                ServiceError::new(Code::BadRequest, error)
            }
        })
    }
}

/// Returns the operation that the method and the path name, and its input.
pub(super) fn read(request: &http::Request<Bytes>) -> Result<(String, Input), ServiceError> {
    let (version, path) = segments(request.uri().path()).map_err(malformed)?;
    let operation = operation(request.method(), &path).ok_or_else(|| {
        let path = request.uri().path();
        ServiceError::unsupported(format_args!("{} {path}", request.method()))
    })?;
    if version != Service::Efs.version() {
        return Err(ServiceError::unsupported(format_args!(
            "the API version {version}"
        )));
    }
    let pairs = form::query_string(request).map_err(malformed)?;
    let lists: Vec<_> = pairs
        .iter()
        .filter(|(name, _)| LISTS.contains(&name.as_str()))
        .cloned()
        .collect();
    // A list is also kept once among the other parameters, so that an operation that does not use it refuses it.
    let mut seen = BTreeSet::new();
    let once = pairs
        .into_iter()
        .filter(|(name, _)| !LISTS.contains(&name.as_str()) || seen.insert(name.clone()));
    let query = form::by_name(once).map_err(malformed)?;
    let input = Input {
        path,
        query,
        lists,
        body: request.body().clone(),
    };
    Ok((operation.to_owned(), input))
}

pub(super) fn write(
    request_id: &str,
    answer: Result<Reply, ServiceError>,
) -> http::Response<Bytes> {
    match answer {
        Ok(reply) => {
            let body = match reply.body {
                Body::Json(value) => value.to_string(),
                Body::Empty | Body::Xml(_) => String::new(),
            };
            respond(
                reply.status.unwrap_or(200),
                &[
                    ("content-type", "application/json"),
                    ("x-amzn-requestid", request_id),
                ],
                body,
            )
        }
        Err(error) => {
            let mut body = serde_json::Map::new();
            body.insert("ErrorCode".to_owned(), error.code.clone().into());
            body.insert("Message".to_owned(), error.message.into());
            for (name, value) in error.members {
                body.insert(name.to_owned(), value.into());
            }
            respond(
                error.status,
                &[
                    ("content-type", "application/json"),
                    ("x-amzn-errortype", &error.code),
                    ("x-amzn-requestid", request_id),
                ],
                serde_json::Value::Object(body).to_string(),
            )
        }
    }
}

fn malformed(error: FormError) -> ServiceError {
    error.refusal(Code::BadRequest)
}

fn operation(method: &http::Method, path: &[String]) -> Option<&'static str> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (method.as_str(), path.as_slice()) {
        ("POST", ["file-systems"]) => Some("CreateFileSystem"),
        ("GET", ["file-systems"]) => Some("DescribeFileSystems"),
        ("PUT", ["file-systems", _]) => Some("UpdateFileSystem"),
        ("DELETE", ["file-systems", _]) => Some("DeleteFileSystem"),
        ("PUT", ["file-systems", _, "protection"]) => Some("UpdateFileSystemProtection"),
        ("PUT", ["file-systems", _, "lifecycle-configuration"]) => {
            Some("PutLifecycleConfiguration")
        }
        ("GET", ["file-systems", _, "lifecycle-configuration"]) => {
            Some("DescribeLifecycleConfiguration")
        }
        ("PUT", ["file-systems", _, "backup-policy"]) => Some("PutBackupPolicy"),
        ("GET", ["file-systems", _, "backup-policy"]) => Some("DescribeBackupPolicy"),
        ("PUT", ["file-systems", _, "policy"]) => Some("PutFileSystemPolicy"),
        ("GET", ["file-systems", _, "policy"]) => Some("DescribeFileSystemPolicy"),
        ("DELETE", ["file-systems", _, "policy"]) => Some("DeleteFileSystemPolicy"),
        ("POST", ["access-points"]) => Some("CreateAccessPoint"),
        ("GET", ["access-points"]) => Some("DescribeAccessPoints"),
        ("DELETE", ["access-points", _]) => Some("DeleteAccessPoint"),
        ("POST", ["mount-targets"]) => Some("CreateMountTarget"),
        ("GET", ["mount-targets"]) => Some("DescribeMountTargets"),
        ("DELETE", ["mount-targets", _]) => Some("DeleteMountTarget"),
        ("GET", ["mount-targets", _, "security-groups"]) => {
            Some("DescribeMountTargetSecurityGroups")
        }
        ("PUT", ["mount-targets", _, "security-groups"]) => Some("ModifyMountTargetSecurityGroups"),
        ("POST", ["resource-tags", _]) => Some("TagResource"),
        ("DELETE", ["resource-tags", _]) => Some("UntagResource"),
        ("GET", ["resource-tags", _]) => Some("ListTagsForResource"),
        ("POST", ["create-tags", _]) => Some("CreateTags"),
        ("POST", ["delete-tags", _]) => Some("DeleteTags"),
        ("GET", ["tags", _]) => Some("DescribeTags"),
        _ => None,
    }
}
