//! An instance with a public address that runs services, as the tests of programs need it.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_smithy_types::base64;
use geusemaker_testkit::traffic::{RequestError, Response, Traffic};
use geusemaker_testkit::{Aws, ServiceGuest};
use serde_json::Value;

use crate::default_network::DefaultNetwork;

const USER_DATA: &str = r#"#!/bin/bash
cat >/opt/geusemaker/run <<'END-OF-RUN'
gpu_check=0
images=(
  'web nginx:1'
  'llm vllm/vllm-openai:v0.11.0'
)
services=('web' 'llm')
gpu_services=()
END-OF-RUN
cat >/opt/geusemaker/compose.json <<'END-OF-COMPOSE'
{
 "services": {
  "web": {"image": "nginx:1", "ports": ["80:8080"], "restart": "always"},
  "llm": {"image": "vllm/vllm-openai:v0.11.0", "ports": ["8000:8000"], "restart": "always"}
 }
}
END-OF-COMPOSE
"#;

/// An instance with `web` on port 80 and `llm` on port 8000, which everybody may connect to.
pub(crate) struct Machine {
    pub(crate) aws: Aws,
    pub(crate) ec2: Client,
    pub(crate) traffic: Traffic,
    pub(crate) id: String,
    /// The public address.
    pub(crate) address: String,
}

impl Machine {
    pub(crate) async fn new() -> Self {
        let machine = Self::starting().await;
        machine.sleep(1200).await;
        machine
    }

    /// Launches the instance, whose services are not up yet.
    pub(crate) async fn starting() -> Self {
        Self::starting_on(
            Aws::builder()
                .guest(ServiceGuest::new())
                .consistent()
                .build(),
        )
        .await
    }

    pub(crate) async fn starting_on(aws: Aws) -> Self {
        let network = DefaultNetwork::of(&aws).await;
        let ec2 = network.ec2.clone();
        ec2.authorize_security_group_ingress()
            .group_id(network.default_group().await)
            .ip_protocol("tcp")
            .from_port(0)
            .to_port(65_535)
            .cidr_ip("0.0.0.0/0")
            .send()
            .await
            .unwrap();
        let image = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64";
        let run = ec2.run_instances().image_id(image);
        let run = run.instance_type("t3.micro".into());
        let run = run.min_count(1).max_count(1);
        let ran = run.user_data(base64::encode(USER_DATA)).send().await;
        let ran = ran.unwrap();
        let id = ran.instances()[0].instance_id().unwrap().to_owned();
        let described = ec2.describe_instances().instance_ids(&id).send().await;
        let described = described.unwrap();
        let instance = &described.reservations()[0].instances()[0];
        Self {
            traffic: aws.traffic(),
            address: instance.public_ip_address().unwrap().to_owned(),
            aws,
            ec2,
            id,
        }
    }

    pub(crate) async fn sleep(&self, seconds: u64) {
        self.aws.clock().sleep(Duration::from_secs(seconds)).await;
    }

    pub(crate) fn url(&self, port: u16, path: &str) -> String {
        format!("http://{}:{port}{path}", self.address)
    }

    pub(crate) async fn get(&self, port: u16, path: &str) -> Result<Response, RequestError> {
        self.traffic.get(&self.url(port, path)).await
    }

    /// Sends a JSON document to the language model.
    pub(crate) async fn ask(&self, path: &str, document: &Value) -> Response {
        let request = http::Request::post(self.url(8000, path));
        let request = request.body(document.to_string()).unwrap();
        self.traffic.send(request).await.unwrap()
    }
}

/// Returns the body of an answer as JSON.
pub(crate) async fn json(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}
