//! The calls to Systems Manager and to Secrets Manager.

use super::need::Need;
use super::permission::{Permission, Scope, permissions};

pub(super) const SYSTEMS_MANAGER: &[Permission] = permissions! { "ssm":
    CancelCommand Any for SystemsManager;
    DescribeInstanceInformation Any for SystemsManager;
    DescribeParameters Any for Parameters;
    GetCommandInvocation Any for SystemsManager;
    GetParameter Any for ImageParameter | ClientParameter;
    SendCommand Any for SystemsManager;
    StartSession Any for SystemsManager;
    TerminateSession Any for SystemsManager;
};

pub(super) const SECRETS_MANAGER: &[Permission] = permissions! { "secretsmanager":
    DescribeSecret Any for Secrets;
    GetSecretValue Any for ClientSecret;
};
