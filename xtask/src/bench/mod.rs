//! `cargo xtask bench`: measures the speed of the simulator, in the process and on a socket beside moto and nginx.

mod nginx;
mod traffic;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::load::{self, CONNECTIONS};
use crate::moto::Moto;
use crate::process;
use crate::served_sandbox::ServedSandbox;
use crate::workspace::Workspace;

/// The aim for the ratio of the simulator's request rate to moto's.
const AIM: f64 = 30.0;

const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(3);

/// Measures all, or the traffic alone.
pub(crate) fn run(only_traffic: bool) -> Result<()> {
    let workspace = Workspace::read()?;
    if only_traffic {
        let gm = workspace.build_released_programs()?;
        let sandbox = ServedSandbox::start(&gm, &["--timings", "instant"])?;
        return traffic::run(&workspace, &sandbox);
    }
    let gm = workspace.build_released_gm()?;
    process::run(workspace.cargo().args([
        "bench",
        "--workspace",
        "--bench",
        "account",
        "--bench",
        "memory",
        "--bench",
        "tier3",
    ]))?;
    let sandbox = ServedSandbox::start(&gm, &["--timings", "instant"])?;
    let our_address = address(sandbox.endpoint())?;
    let moto = Moto::start(&workspace)?;
    let ours = calls(our_address).context("the account in the sandbox")?;
    let theirs = calls(moto.address()).context("the account in moto")?;
    println!("\nrequests per second, over {CONNECTIONS} kept-alive connections");
    println!("{:<24}{:>12}{:>12}{:>9}", "", "gm sandbox", "moto", "ratio");
    for ((name, our_request), (_, their_request)) in ours.iter().zip(&theirs) {
        let measure = |address, request: &[u8]| {
            load::requests_per_second(address, request, WARM_UP)?;
            load::requests_per_second(address, request, MEASURED)
        };
        let our_rate = measure(our_address, our_request)?;
        let their_rate = measure(moto.address(), their_request)?;
        let ratio = our_rate / their_rate;
        let verdict = if ratio < AIM { "  below the aim" } else { "" };
        println!("{name:<24}{our_rate:>12.0}{their_rate:>12.0}{ratio:>9.1}{verdict}");
    }
    println!("aim: {AIM} times moto");
    traffic::run(&workspace, &sandbox)
}

fn address(endpoint: &str) -> Result<SocketAddr> {
    let authority = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    authority
        .trim_end_matches('/')
        .parse()
        .with_context(|| format!("{endpoint} is not an address"))
}

/// Returns the calls to compare, for an account that gets the same ten instances and one load balancer.
fn calls(address: SocketAddr) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let ask = |service: &str, form: &str| load::ask(address, &request(address, service, form));
    let ec2 = |form: &str| ask("ec2", &format!("Version=2016-11-15&{form}"));
    let vpcs = ec2("Action=DescribeVpcs")?;
    let vpc = elements(&vpcs, "vpcId").next().context("no VPC")?;
    let images = ec2(
        "Action=DescribeImages&Owner.1=amazon&Filter.1.Name=architecture&Filter.1.Value.1=x86_64",
    )?;
    let image = elements(&images, "imageId").next().context("no image")?;
    ec2(&format!(
        "Action=RunInstances&ImageId={image}&InstanceType=t3.micro&MinCount=10&MaxCount=10"
    ))?;
    let subnets = ec2("Action=DescribeSubnets")?;
    let subnets: Vec<&str> = elements(&subnets, "subnetId").take(2).collect();
    let [first, second] = subnets.as_slice() else {
        anyhow::bail!("there are fewer than two subnets");
    };
    ask(
        "elasticloadbalancing",
        &format!(
            "Version=2015-12-01&Action=CreateLoadBalancer&Name=bench\
             &Subnets.member.1={first}&Subnets.member.2={second}"
        ),
    )?;
    Ok([
        (
            "DescribeInstances",
            "ec2",
            "Version=2016-11-15&Action=DescribeInstances".to_owned(),
        ),
        (
            "CreateTags",
            "ec2",
            format!(
                "Version=2016-11-15&Action=CreateTags&ResourceId.1={vpc}&Tag.1.Key=k&Tag.1.Value=v"
            ),
        ),
        (
            "DescribeLoadBalancers",
            "elasticloadbalancing",
            "Version=2015-12-01&Action=DescribeLoadBalancers".to_owned(),
        ),
    ]
    .map(|(name, service, form)| (name, request(address, service, &form)))
    .into())
}

/// Returns a request with the headers that an SDK sends; neither server checks the signature.
fn request(address: SocketAddr, service: &str, form: &str) -> Vec<u8> {
    format!(
        "POST / HTTP/1.1\r\n\
         Host: {address}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\
         User-Agent: aws-sdk-rust/1.3.9 os/linux lang/rust/1.95.0\r\n\
         X-Amz-Date: 20261101T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=AKIASIMULATED/20261101/us-east-1/{service}/aws4_request, \
         SignedHeaders=content-length;content-type;host;user-agent;x-amz-date, \
         Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n\
         \r\n\
         {form}",
        form.len()
    )
    .into_bytes()
}

/// Returns the texts of the elements with this name.
fn elements<'a>(document: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let open = format!("<{name}>");
    let parts: Vec<&str> = document.split(&open).skip(1).collect();
    parts
        .into_iter()
        .map(|part| part.split('<').next().unwrap_or(part))
}
