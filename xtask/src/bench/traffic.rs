//! The speed of traffic: a simulated load balancer beside nginx, in front of the same simulated instance.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::nginx::Nginx;
use super::{MEASURED, WARM_UP, address, elements, request};
use crate::load;
use crate::served_sandbox::ServedSandbox;
use crate::workspace::Workspace;

/// The aim for requests per second, of small answers on two processors.
const AIM: f64 = 5000.0;

/// The number of streams that are open at a time.
const STREAMS: usize = 500;

/// The time that a new load balancer and its target may take until they answer.
const PATIENCE: u32 = 100;

/// The user data of an instance with one service, as far as the sandbox reads it.
const USER_DATA: &str = r#"#!/bin/bash
cat >/opt/geusemaker/run <<'END-OF-RUN'
gpu_check=0
images=(
  'web nginx:1'
)
services=('web')
gpu_services=()
END-OF-RUN
cat >/opt/geusemaker/compose.json <<'END-OF-COMPOSE'
{"services": {"web": {"image": "nginx:1", "ports": ["80:8080"], "restart": "always"}}}
END-OF-COMPOSE
"#;

/// The list of addresses that the sandbox serves.
#[derive(Deserialize)]
struct Listing {
    addresses: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    port: u16,
    address: SocketAddr,
    kind: String,
}

/// Measures requests and streams, and prints a table.
pub(super) fn run(workspace: &Workspace, sandbox: &ServedSandbox) -> Result<()> {
    let endpoint = address(sandbox.endpoint())?;
    let (balancer, instance) = deploy(endpoint)?;
    let directory = workspace.target_directory.join("bench").join("nginx");
    let nginx = Nginx::start(&directory, instance)?;
    wait_until_it_answers(nginx.address())?;

    println!("\nrequests per second through a proxy to a simulated instance");
    println!(
        "{:<24}{:>12}{:>12}{:>9}",
        "", "gm sandbox", "nginx", "ratio"
    );
    let measure = |proxy: SocketAddr, path: &str| {
        let request = get(proxy, path);
        load::requests_per_second(proxy, &request, WARM_UP)?;
        load::requests_per_second(proxy, &request, MEASURED)
    };
    for (name, path) in [
        ("10 bytes", "/?echo-size=10"),
        ("10 KB", "/?echo-size=10000"),
    ] {
        let ours = measure(balancer, path)?;
        let theirs = measure(nginx.address(), path)?;
        let ratio = ours / theirs;
        let verdict = if ours < AIM { "  below the aim" } else { "" };
        println!("{name:<24}{ours:>12.0}{theirs:>12.0}{ratio:>9.2}{verdict}");
    }
    println!("aim: {AIM} requests per second");
    streams(balancer, sandbox.process_id())
}

/// Opens many streams at once, and tells how much larger the process has become.
fn streams(balancer: SocketAddr, process: u32) -> Result<()> {
    let before = resident_mib(process)?;
    let request = get(balancer, "/?echo-pieces=20&echo-interval=0.5");
    let mut open = Vec::new();
    for _ in 0..STREAMS {
        let mut stream = TcpStream::connect(balancer)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(&request)?;
        open.push(stream);
    }
    sleep(Duration::from_secs(4));
    let while_open = resident_mib(process)?;
    for stream in &mut open {
        // The last chunk has no bytes.
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !answer.ends_with(b"\r\n0\r\n\r\n") {
            let read = stream.read(&mut buffer)?;
            ensure!(read > 0, "a stream has broken off");
            answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
        }
        let answer = String::from_utf8_lossy(&answer);
        let events = answer.matches("\"event\":").count();
        ensure!(events == 20, "a stream has {events} of 20 events");
    }
    drop(open);
    sleep(Duration::from_secs(2));
    let after = resident_mib(process)?;
    println!(
        "\n{STREAMS} open streams: all 20 events of each arrived; resident memory {before} MiB before, \
         {while_open} MiB with them open, {after} MiB after"
    );
    Ok(())
}

/// Creates a load balancer with an instance, and returns the addresses on which both answer.
fn deploy(endpoint: SocketAddr) -> Result<(SocketAddr, SocketAddr)> {
    let ask = |service: &str, form: &str| load::ask(endpoint, &request(endpoint, service, form));
    let ec2 = |form: &str| ask("ec2", &format!("Version=2016-11-15&{form}"));
    let elb = |form: &str| {
        ask(
            "elasticloadbalancing",
            &format!("Version=2015-12-01&{form}"),
        )
    };
    let first = |document: &str, name: &str| {
        let found = elements(document, name).next().map(str::to_owned);
        found.with_context(|| format!("no {name} in {document}"))
    };
    let groups = ec2("Action=DescribeSecurityGroups")?;
    let group = first(&groups, "groupId")?;
    let vpc = first(&groups, "vpcId")?;
    ec2(&format!(
        "Action=AuthorizeSecurityGroupIngress&GroupId={group}&IpProtocol=tcp&FromPort=0&ToPort=65535&CidrIp=0.0.0.0/0"
    ))?;
    let images = ec2(
        "Action=DescribeImages&Owner.1=amazon&Filter.1.Name=architecture&Filter.1.Value.1=x86_64",
    )?;
    let image = first(&images, "imageId")?;
    let subnets = ec2("Action=DescribeSubnets")?;
    let subnets: Vec<&str> = elements(&subnets, "subnetId").collect();
    let [one, other, ..] = subnets.as_slice() else {
        bail!("there are fewer than two subnets");
    };
    let ran = ec2(&format!(
        "Action=RunInstances&ImageId={image}&InstanceType=t3.micro&MinCount=1&MaxCount=1&SubnetId={one}&UserData={}",
        user_data()
    ))?;
    let instance = first(&ran, "instanceId")?;
    let created = elb(&format!(
        "Action=CreateLoadBalancer&Name=traffic&SecurityGroups.member.1={group}\
         &Subnets.member.1={one}&Subnets.member.2={other}"
    ))?;
    let balancer = first(&created, "LoadBalancerArn")?;
    let created = elb(&format!(
        "Action=CreateTargetGroup&Name=traffic&Protocol=HTTP&Port=80&VpcId={vpc}"
    ))?;
    let targets = first(&created, "TargetGroupArn")?;
    elb(&format!(
        "Action=CreateListener&LoadBalancerArn={balancer}&Protocol=HTTP&Port=80\
         &DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn={targets}"
    ))?;
    elb(&format!(
        "Action=RegisterTargets&TargetGroupArn={targets}&Targets.member.1.Id={instance}"
    ))?;
    for _ in 0..PATIENCE {
        let listing = load::ask(endpoint, &get(endpoint, "/_geusemaker/traffic"))?;
        let listing: Listing = serde_json::from_str(&listing)?;
        let of_kind = |kind: &str| {
            let mut all = listing.addresses.iter();
            let found = all.find(|it| it.kind == kind && it.port == 80);
            found.map(|it| it.address)
        };
        if let (Some(balancer), Some(instance)) = (of_kind("load-balancer"), of_kind("instance"))
            && load::ask(balancer, &get(balancer, "/")).is_ok()
        {
            return Ok((balancer, instance));
        }
        sleep(Duration::from_millis(100));
    }
    bail!("the load balancer in the sandbox does not answer");
}

/// Returns the user data as a form has it.
fn user_data() -> String {
    let encoded = STANDARD.encode(USER_DATA);
    encoded
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

fn wait_until_it_answers(proxy: SocketAddr) -> Result<()> {
    for _ in 0..PATIENCE {
        if load::ask(proxy, &get(proxy, "/")).is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
    bail!("nginx does not answer on {proxy}");
}

fn get(host: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n\r\n").into_bytes()
}

/// Returns the memory of a process that is not swapped out.
fn resident_mib(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib.context("no VmRSS")?.parse()?;
    Ok(kib / 1024)
}
