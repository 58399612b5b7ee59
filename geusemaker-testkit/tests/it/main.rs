//! Tests of the simulated AWS account, driven by the unmodified SDK clients and by raw bytes.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod acm;
mod cassette_replay;
mod cassette_scan;
mod cloudfront;
mod coverage;
mod default_network;
mod ec2;
mod efs;
mod elastic_load_balancing;
mod example_faults;
#[cfg(feature = "explorer")]
mod explorer;
mod fault;
mod fault_file;
mod fidelity;
mod iam;
mod limits;
mod partition;
mod quotas;
mod route53;
mod secrets_manager;
#[cfg(feature = "socket")]
mod served;
mod service_guest;
mod service_quotas;
mod ssm;
mod sts;
#[cfg(feature = "traffic")]
mod traffic;
mod wire;
