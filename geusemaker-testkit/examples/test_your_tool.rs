//! Test your own tool: a small program that uses the AWS SDK, and tests of what it does when AWS does not cooperate.
//!
//! The tool starts a build machine, which is an instance and its security group. `main` shows it in virtual time, at
//! first undisturbed and then with faults: `cargo run --example test_your_tool`. The tests at the end are those that
//! such a tool would have: `cargo test --workspace --example test_your_tool`.

use std::error::Error;
use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::client::Waiters as _;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::timeout::TimeoutConfig;
use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{Filter, InstanceType};
use aws_types::SdkConfig;
use geusemaker_testkit::{Aws, Explorer, Fault};

// The tool. It knows nothing of the testkit: its SDK configuration is that of `aws_config` in production.

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// The name of the security group.
const GROUP: &str = "build-machine";

/// The newest Amazon Linux.
const IMAGE: &str = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64";

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// Starts and removes the build machine; there is one at a time.
struct BuildMachine {
    ec2: Client,
}

impl BuildMachine {
    fn new(config: &SdkConfig) -> Self {
        let attempts = RetryConfig::standard().with_max_attempts(5);
        // Without this limit, a call whose answer never comes would never end.
        let limit = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(30));
        let config = aws_sdk_ec2::config::Builder::from(config)
            .retry_config(attempts)
            .timeout_config(limit.build())
            .build();
        Self {
            ec2: Client::from_conf(config),
        }
    }

    /// Starts the machine, and returns the id of its instance. If that fails, nothing is left of it.
    async fn start(&self) -> Result<String> {
        match self.launch().await {
            Ok(id) => Ok(id),
            Err(error) => {
                self.remove().await?;
                Err(error)
            }
        }
    }

    async fn launch(&self) -> Result<String> {
        let group = self.security_group().await?;
        // The SDK adds a client token, so that its second attempt after a lost reply launches no second instance.
        let run = self.ec2.run_instances().image_id(IMAGE);
        let run = run.instance_type(InstanceType::T3Micro);
        let ran = run.security_group_ids(group).min_count(1).max_count(1);
        // The text of this type names AWS's error code.
        let ran = ran.send().await.map_err(aws_sdk_ec2::Error::from)?;
        let id = ran.instances().first().and_then(|one| one.instance_id());
        let id = id.ok_or("EC2 launched nothing")?.to_owned();
        let running = self.ec2.wait_until_instance_running().instance_ids(&id);
        running.wait(TEN_MINUTES).await?;
        Ok(id)
    }

    /// Makes sure that the security group exists, and returns its id.
    async fn security_group(&self) -> Result<String> {
        let create = self.ec2.create_security_group().group_name(GROUP);
        match create.description("build machines").send().await {
            Ok(_) => {}
            // From an earlier run, or from an attempt whose reply was lost.
            Err(error) if error.code() == Some("InvalidGroup.Duplicate") => {}
            Err(error) => return Err(error.into()),
        }
        // A new group is not visible to all of EC2 at once.
        let exists = self.ec2.wait_until_security_group_exists();
        let exists = exists.group_names(GROUP).wait(TEN_MINUTES).await?;
        let described = exists.into_result()?;
        let group = described.security_groups().first();
        let id = group.and_then(|group| group.group_id());
        Ok(id.ok_or("the security group has no id")?.to_owned())
    }

    /// Removes the machine and its group, or those of them that exist.
    async fn remove(&self) -> Result<()> {
        for _ in 0..10 {
            self.terminate().await?;
            let delete = self.ec2.delete_security_group().group_name(GROUP);
            match delete.send().await {
                Ok(_) => return Ok(()),
                Err(error) if error.code() == Some("InvalidGroup.NotFound") => return Ok(()),
                // An instance that is new, so that `terminate` did not see it.
                Err(error) if error.code() == Some("DependencyViolation") => {}
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        Err("the security group is still in use".into())
    }

    async fn terminate(&self) -> Result<()> {
        let of_group = Filter::builder().name("instance.group-name").values(GROUP);
        let described = self.ec2.describe_instances().filters(of_group.build());
        let described = described.send().await?;
        let instances = described
            .reservations()
            .iter()
            .flat_map(|it| it.instances());
        let ids: Vec<_> = instances
            .filter_map(|instance| instance.instance_id().map(str::to_owned))
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let terminate = self.ec2.terminate_instances();
        terminate.set_instance_ids(Some(ids.clone())).send().await?;
        let terminated = self.ec2.wait_until_instance_terminated();
        let terminated = terminated.set_instance_ids(Some(ids));
        terminated.wait(TEN_MINUTES).await?;
        Ok(())
    }
}

// From here on, the testkit.

/// Starts a machine in an account, and prints the calls and the outcome.
async fn show(title: &str, aws: &Aws) {
    println!("{title}");
    let started = BuildMachine::new(&aws.sdk_config()).start().await;
    for call in aws.calls() {
        println!(
            "  {:.0}  {} #{}: {}",
            call.at, call.operation, call.nth, call.outcome
        );
    }
    match started {
        Ok(id) => println!("  started {id} after {:.0?}", aws.clock().elapsed()),
        Err(error) => println!("  failed after {:.0?}: {error}", aws.clock().elapsed()),
    }
    for resource in aws.leftovers() {
        println!("  exists: {resource}");
    }
}

/// Minutes of virtual time pass here in no time at all.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn show_all() {
    show("undisturbed", &Aws::new()).await;

    let aws = Aws::builder()
        .fault(Fault::on("CreateSecurityGroup").throttled().times(3))
        .fault(Fault::on("RunInstances").lose_reply())
        .build();
    show("throttled, and the reply of the launch is lost", &aws).await;

    let aws = Aws::builder()
        .fault(
            Fault::on("RunInstances")
                .answer("InsufficientInstanceCapacity")
                .forever(),
        )
        .build();
    show("no capacity", &aws).await;
}

/// Returns an explorer that starts and removes a machine, once for each of the calls and each fault that can happen
/// there. Some faults end the tool itself, so a minute after each run somebody removes what is there.
fn explorer() -> Explorer {
    Explorer::new(|aws| async move {
        let machine = BuildMachine::new(&aws.sdk_config());
        machine.start().await?;
        machine.remove().await
    })
    .afterwards(|aws| async move {
        aws.clock().sleep(Duration::from_secs(60)).await;
        BuildMachine::new(&aws.sdk_config()).remove().await
    })
}

fn main() -> Result<()> {
    show_all();
    let exploration = explorer().explore()?;
    println!(
        "{} runs with a fault, {} of them not sound",
        exploration.runs.len(),
        exploration.failures().count()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lost_reply_launches_no_second_instance() {
        let aws = Aws::builder()
            .fault(Fault::on("CreateSecurityGroup").throttled().times(3))
            .fault(Fault::on("RunInstances").lose_reply())
            .build();
        let machine = BuildMachine::new(&aws.sdk_config());
        let id = machine.start().await.unwrap();

        let left = aws.leftovers();
        let instances = left.iter().filter(|one| one.kind == "EC2::Instance");
        let instances: Vec<_> = instances.map(|one| one.id.as_str()).collect();
        assert_eq!(instances, [id]);
        machine.remove().await.unwrap();
        assert_eq!(aws.leftovers(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn failed_start_leaves_nothing() {
        let aws = Aws::builder()
            .fault(
                Fault::on("RunInstances")
                    .answer("InsufficientInstanceCapacity")
                    .forever(),
            )
            .build();
        let error = BuildMachine::new(&aws.sdk_config())
            .start()
            .await
            .unwrap_err();
        assert_eq!(aws.leftovers(), []);
        assert!(error.to_string().contains("InsufficientInstanceCapacity"));
    }

    /// The test that finds what nobody has thought of.
    #[test]
    fn machine_is_removed_after_any_fault() {
        explorer().explore().unwrap().assert_sound();
    }

    #[test]
    fn program_runs() {
        main().unwrap();
    }
}
