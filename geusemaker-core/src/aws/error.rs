//! The error of a call to AWS.

use std::error::Error as StdError;

use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

use super::error_class::ErrorClass;
use super::{error_remedy, unsent};
use crate::error_chain::said_once;
use crate::library_error::LibraryError;

/// Error returned when a call to AWS fails.
///
/// Its source is a [`LibraryError`] with the AWS SDK's own error, unless the error was read from a journal. Two errors
/// are equal if everything but the source is.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::{Aws, Fault};
/// # let aws = Aws::builder().fault(Fault::on("DescribeVpcs").denied()).build();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// use geusemaker_core::ErrorClass;
///
/// let error = session.plan(spec).await.unwrap_err();
/// let call = error.call().unwrap();
/// assert_eq!(call.operation, "ec2:DescribeVpcs");
/// assert_eq!(call.code.as_deref(), Some("UnauthorizedOperation"));
/// assert_eq!(call.class, ErrorClass::Permission);
/// assert!(!call.may_have_happened);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
#[error(
    "{operation} failed{}: {message}{}",
    part(" with ", .code.as_deref(), ""),
    part(" (request id ", .request_id.as_deref(), ")")
)]
#[non_exhaustive]
pub struct AwsError {
    /// The operation: `ec2:RunInstances`.
    pub operation: String,
    /// The class of the failure.
    pub class: ErrorClass,
    /// AWS's error code; none if no answer came.
    pub code: Option<String>,
    /// AWS's message, or a description of the failure if no answer came.
    pub message: String,
    /// The request id, by which AWS Support finds the request.
    pub request_id: Option<String>,
    /// True if the call may have taken effect nevertheless.
    pub may_have_happened: bool,
    /// The AWS SDK's own error.
    #[serde(skip)]
    pub(crate) source: Option<LibraryError>,
}

impl PartialEq for AwsError {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            operation,
            class,
            code,
            message,
            request_id,
            may_have_happened,
            source: _,
        } = self;
        *operation == other.operation
            && *class == other.class
            && *code == other.code
            && *message == other.message
            && *request_id == other.request_id
            && *may_have_happened == other.may_have_happened
    }
}

impl Eq for AwsError {}

impl AwsError {
    /// Converts an SDK error of the operation: `.map_err(AwsError::of("ec2:RunInstances"))`.
    pub(crate) fn of<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        move |error| Self::new(operation, &error).caused_by(error)
    }

    /// Adds the SDK's own error, with a message that says what this error does not.
    fn caused_by<E>(mut self, error: SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + Send + Sync + 'static,
    {
        let message = match &error {
            SdkError::ServiceError(context) => {
                format!("HTTP status {}", context.raw().status().as_u16())
            }
            SdkError::ResponseError(_) => "the answer was not understood".to_owned(),
            SdkError::ConstructionFailure(_) => "the request was not sent".to_owned(),
            // `SdkError` is non-exhaustive.
            _ => "no answer came".to_owned(),
        };
        self.source = Some(LibraryError::new(message, error));
        self
    }

    fn new<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let unanswered = |class, may_have_happened| Self {
            operation: operation.to_owned(),
            class,
            code: None,
            message: said_once(error),
            request_id: None,
            may_have_happened,
            source: None,
        };
        if let Some(cause) = unsent::credentials_error(error) {
            let mut failed = unanswered(ErrorClass::Credentials, false);
            failed.message = unsent::credentials_message(cause);
            return failed;
        }
        if let Some(message) = unsent::endpoint_message(&said_once(error)) {
            let mut failed = unanswered(ErrorClass::Unreachable, false);
            failed.message = message;
            failed.code = None;
            return failed;
        }
        match error {
            SdkError::ServiceError(context) => {
                let meta = context.err().meta();
                let status = context.raw().status().as_u16();
                let code = meta.code().unwrap_or("unknown error");
                let mut class = ErrorClass::of(code, status);
                if is_about_new_instance_profile(meta.message().unwrap_or_default()) {
                    class = ErrorClass::NotYet;
                }
                if error_remedy::is_invalid_subnet(code, meta.message().unwrap_or_default()) {
                    class = ErrorClass::Invalid;
                }
                Self {
                    operation: operation.to_owned(),
                    class,
                    code: Some(code.to_owned()),
                    message: meta.message().unwrap_or("no message").to_owned(),
                    request_id: meta
                        .request_id()
                        .or_else(|| error.request_id())
                        .map(str::to_owned),
                    may_have_happened: class == ErrorClass::ServiceFault,
                    source: None,
                }
            }
            SdkError::ConstructionFailure(_) => unanswered(ErrorClass::Invalid, false),
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                unanswered(ErrorClass::Invalid, false)
            }
            SdkError::ResponseError(_) => unanswered(ErrorClass::ServiceFault, true),
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
                unanswered(ErrorClass::Unreachable, true)
            }
            // `SdkError` is non-exhaustive; a call that failed with an unknown error may have taken effect.
            _ => unanswered(ErrorClass::Unreachable, true),
        }
    }

    /// Takes these secrets out, in case AWS repeats what it does not accept.
    pub(crate) fn without<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        for secret in secrets {
            let shows = |text: &str| !secret.is_empty() && text.contains(secret);
            if shows(&self.message) {
                self.message = self.message.replace(secret, "(secret)");
            }
            let source = self.source.as_ref();
            if source.is_some_and(|source| shows(&format!("{:?}", source.as_error()))) {
                self.source = None;
            }
        }
        self
    }

    /// Creates the error for a reply without a required field; the call took effect.
    pub(crate) fn incomplete(operation: &str, missing: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            class: ErrorClass::ServiceFault,
            code: None,
            message: format!("the reply has no {missing}"),
            request_id: None,
            may_have_happened: true,
            source: None,
        }
    }

    /// Creates the error for an instance that AWS has accepted, and has ended for want of capacity.
    pub(crate) fn ended(code: String, message: String) -> Self {
        Self {
            operation: "ec2:RunInstances".to_owned(),
            class: ErrorClass::Capacity,
            code: Some(code),
            message,
            request_id: None,
            may_have_happened: false,
            source: None,
        }
    }

    /// Creates the error for a resource of this name that belongs to another owner.
    pub(crate) fn conflict(operation: &str, message: String) -> Self {
        Self {
            operation: operation.to_owned(),
            class: ErrorClass::Conflict,
            code: None,
            message,
            request_id: None,
            may_have_happened: false,
            source: None,
        }
    }

    /// Creates the error for a refusal that a reply lists, in an operation on several resources.
    pub(crate) fn listed(operation: &str, code: &str, message: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            class: ErrorClass::of(code, 400),
            code: Some(code.to_owned()),
            message: message.to_owned(),
            request_id: None,
            may_have_happened: false,
            source: None,
        }
    }

    /// Returns true if the host that was asked does not exist, so that no program has heard of the request.
    pub(crate) fn is_from_nobody(&self) -> bool {
        self.message.contains("dns error")
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.class == ErrorClass::NotFound
    }

    /// Returns the id of the resource that exists under the token of this request, if AWS's message ends with it.
    ///
    /// Source: CreateDistribution answers a caller reference in use with "… Already exists: E1ABC".
    pub(crate) fn existing_id(&self) -> Option<&str> {
        match self.code.as_deref() {
            Some("DistributionAlreadyExists") => {
                let (_, id) = self.message.rsplit_once("Already exists: ")?;
                Some(id.trim().trim_end_matches('.')).filter(|id| !id.is_empty())
            }
            _ => None,
        }
    }

    /// Returns true if AWS says that the token of this request has created a resource.
    pub(crate) fn proves_existence(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some(
                "DistributionAlreadyExists"
                    | "FileSystemAlreadyExists"
                    | "AccessPointAlreadyExists"
            )
        )
    }

    /// Returns true if a refusal that names the credentials may be about the request itself, so that signing in again
    /// does not help.
    ///
    /// Source: Amazon EC2 API Reference, "Error codes": AuthFailure is also "trying to use an AMI for which you do not
    /// have permissions".
    pub(crate) fn may_be_about_the_request(&self) -> bool {
        self.code.as_deref() == Some("AuthFailure")
    }

    /// Returns true if AWS says that the token of this request was used for a terminated instance, or for another
    /// request.
    pub(crate) fn is_about_a_used_token(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("IdempotentInstanceTerminated" | "IdempotentParameterMismatch")
        )
    }

    /// Returns the action to allow in an IAM policy.
    pub(crate) fn iam_action(&self) -> String {
        self.operation.replacen("efs:", "elasticfilesystem:", 1)
    }

    /// Returns what the user can do about the error.
    #[must_use]
    pub fn remedy(&self) -> String {
        if let Some(remedy) = error_remedy::remedy(self) {
            return remedy.to_owned();
        }
        match self.class {
            ErrorClass::Credentials if self.code.is_none() => unsent::CREDENTIALS_REMEDY.to_owned(),
            ErrorClass::Unreachable if self.message.ends_with("is not a URL") => {
                unsent::ENDPOINT_REMEDY.to_owned()
            }
            ErrorClass::Permission if self.operation.starts_with("iam:") => format!(
                "allow the action {} for these credentials, name an existing instance profile in access.instance_profile, \
                 or set access.ssm = false, which leaves gm logs and gm exec out",
                self.iam_action()
            ),
            ErrorClass::Permission => format!(
                "allow the action {} for these credentials, or check that the account is not suspended",
                self.iam_action()
            ),
            class => class.remedy().to_owned(),
        }
    }
}

/// Returns true if RunInstances does not know an instance profile or its role yet, which takes up to minutes after their
/// creation. AWS has no code of its own for it.
fn is_about_new_instance_profile(message: &str) -> bool {
    message.contains("Invalid IAM Instance Profile")
        || message.contains("has no associated IAM Roles")
}

/// Returns a part of the message with the text around it, or nothing if there is no such part.
fn part(before: &str, part: Option<&str>, after: &str) -> String {
    part.map_or_else(String::new, |part| format!("{before}{part}{after}"))
}
