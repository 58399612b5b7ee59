//! The instances of a stack from afar: connections that are not there yet, or no more.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use geusemaker_core::{
    DeploymentSpec, Error, Journals, ProgressEvent, Remote, RemoteCommand, RemoteError, Session,
};
use geusemaker_testkit::{Aws, Fault, Timings};

/// A stack of one instance, whose session reports to a list.
struct Stack {
    aws: Aws,
    session: Session,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Stack {
    async fn deployed(aws: Aws) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&heard);
        let session = Session::builder(aws.sdk_config(), Journals::in_memory())
            .listener(move |event: &ProgressEvent| lines.lock().unwrap().push(event.to_string()))
            .build()
            .unwrap();
        let spec =
            "name = 'llm'\ntier = 1\n[compute]\ninstance_type = 'g5.xlarge'\ngpu_check = false";
        let spec = DeploymentSpec::from_toml(spec).unwrap();
        let planned = session.plan(spec).await.unwrap();
        planned.launch().await.unwrap().commit().await.unwrap();
        Self {
            aws,
            session,
            heard,
        }
    }

    async fn remote(&self) -> Remote {
        self.session.remote(&"llm".parse().unwrap()).await.unwrap()
    }

    async fn exit_code(&self) -> Result<i32, Error> {
        let remote = self.remote().await;
        let command = RemoteCommand::on_instance(["uptime"]);
        let sent = remote.send(&remote.instances()[0].id, &command).await?;
        Ok(remote.result(&sent).await?.exit_code)
    }

    fn has_heard(&self, text: &str) -> bool {
        let heard = self.heard.lock().unwrap();
        heard.iter().any(|line| line.contains(text))
    }

    fn count(&self, operation: &str) -> usize {
        let calls = self.aws.calls();
        calls
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }
}

/// Some agents connect before the deployment has ended, and others minutes later.
#[tokio::test(start_paused = true)]
async fn new_instance_is_waited_for() {
    let mut waited = 0;
    for seed in 0..16 {
        let stack = Stack::deployed(Aws::builder().seed(seed).build()).await;
        assert_eq!(stack.exit_code().await.unwrap(), 0);
        let was_refused = stack.has_heard("to connect to Systems Manager: running");
        // A call that was refused had no effect, and is made once more.
        assert!(stack.count("SendCommand") <= 2);
        waited += usize::from(was_refused);
    }
    assert!(waited > 0);
}

/// The last call was refused while the instance was old already.
#[tokio::test(start_paused = true)]
async fn old_instance_is_not_waited_for() {
    let stack = Stack::deployed(Aws::new()).await;
    stack.aws.clock().sleep(Duration::from_secs(3600)).await;
    let refused = Fault::on("SendCommand")
        .answer("InvalidInstanceId")
        .forever();
    stack.aws.inject(refused);
    let error = stack.exit_code().await.unwrap_err();
    assert!(matches!(
        &error,
        Error::Remote(RemoteError::NotConnected { state, .. }) if state == "running"
    ));
    assert_eq!(stack.count("SendCommand"), 1);
}

/// Its agent was never seen, and will not be.
#[tokio::test(start_paused = true)]
async fn terminated_instance_ends_wait() {
    let aws = Aws::builder().timings(Timings::Slow).build();
    let stack = Stack::deployed(aws).await;
    let ec2 = aws_sdk_ec2::Client::new(&stack.aws.sdk_config());
    let id = stack.remote().await.instances()[0].id.clone();
    let terminated = ec2.terminate_instances().instance_ids(id.as_str());
    terminated.send().await.unwrap();
    let error = stack.exit_code().await.unwrap_err();
    assert!(error.to_string().contains("it is "), "{error}");
    assert!(
        error.remedy().contains("not coming back"),
        "{}",
        error.remedy()
    );
}
