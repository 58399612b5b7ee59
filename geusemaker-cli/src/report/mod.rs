//! The report of a stack: a page with the timeline of its last deployment.

mod critical_path;
mod deployment;
mod page;
mod run;
mod timeline;

pub(crate) use self::page::{Facts, is_report, page};
