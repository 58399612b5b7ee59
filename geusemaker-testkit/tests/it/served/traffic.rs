//! Traffic on sockets of this machine: the proxy, and the addresses of the account's names.

use std::net::SocketAddr;

use geusemaker_testkit::serve::{AwsServer, TrafficServer};
use geusemaker_testkit::traffic::{AddressKind, ServedAddress};
use geusemaker_testkit::{Aws, ServiceGuest, Timings};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::elastic_load_balancing::world::{World, forward};
use crate::traffic::machine::Machine;

fn account() -> Aws {
    Aws::builder()
        .guest(ServiceGuest::new())
        .timings(Timings::Instant)
        .consistent()
        .speed(1000.0)
        .issued_certificate("lb.example.com", "us-east-1")
        .build()
}

/// Waits for the address of a place.
async fn entry(server: &TrafficServer, is_it: impl Fn(&ServedAddress) -> bool) -> ServedAddress {
    let mut entries = server.addresses();
    let found = entries.wait_for(|entries| entries.iter().any(&is_it)).await;
    let found = found.unwrap();
    found.iter().find(|entry| is_it(entry)).unwrap().clone()
}

/// Sends a request on a connection, and returns the whole answer.
async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A TLS connection may end without its own end.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn ask(address: SocketAddr, request: &str) -> String {
    converse(TcpStream::connect(address).await.unwrap(), request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_answers_on_its_own_address() {
    let machine = Machine::starting_on(account()).await;
    let server = TrafficServer::start(machine.aws.clone()).await.unwrap();
    let entry = entry(&server, |entry| entry.service.as_deref() == Some("web")).await;
    assert_eq!(
        (entry.kind, &entry.name),
        (AddressKind::Instance, &machine.id)
    );
    assert_eq!(entry.port, 80);
    assert!(entry.address.ip().is_loopback());
    let request = "GET /x HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n";
    let answer = ask(entry.address, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""path":"/x""#), "{answer}");

    // Its address goes together with it.
    let stop = machine.ec2.stop_instances().instance_ids(&machine.id);
    stop.send().await.unwrap();
    let mut entries = server.addresses();
    entries.wait_for(Vec::is_empty).await.unwrap();
    assert!(TcpStream::connect(entry.address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_leads_to_names_of_the_account() {
    let machine = Machine::starting_on(account()).await;
    let server = TrafficServer::start(machine.aws.clone()).await.unwrap();
    entry(&server, |entry| entry.port == 80).await;
    let host = &machine.address;

    let plain = format!(
        "GET http://{host}/a?b=c HTTP/1.1\r\nHost: wrong\r\nProxy-Connection: close\r\nConnection: close\r\n\r\n"
    );
    let answer = ask(server.proxy(), &plain).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""path":"/a","#), "{answer}");
    assert!(answer.contains(&format!(r#""host":"{host}""#)), "{answer}");
    assert!(!answer.contains("proxy-connection"), "{answer}");

    let mut tunnel = TcpStream::connect(server.proxy()).await.unwrap();
    let connect = format!("CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\n\r\n");
    tunnel.write_all(connect.as_bytes()).await.unwrap();
    assert_eq!(head(&mut tunnel).await, "HTTP/1.1 200 OK");
    let inside = "GET /inside HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n";
    let answer = converse(tunnel, inside).await;
    assert!(answer.contains(r#""path":"/inside""#), "{answer}");
}

/// Reads the head of an answer, and returns its first line.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    head.lines().next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_never_leads_to_the_internet() {
    let server = TrafficServer::start(account()).await.unwrap();
    for request in [
        "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\nConnection: close\r\n\r\n",
        "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
    ] {
        let answer = ask(server.proxy(), request).await;
        assert!(
            answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
            "{answer}"
        );
        let says = "example.org is no name or address of the simulated account";
        assert!(answer.contains(says), "{answer}");
    }
    let page = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = ask(server.proxy(), page).await;
    assert!(answer.contains("This is an HTTP proxy"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn load_balancer_speaks_https_on_its_address() {
    let world = World::on(account()).await;
    let group = &world.network.security_group;
    let opening = world.network.ec2.authorize_security_group_ingress();
    let opening = opening.group_id(group).ip_protocol("tcp");
    let opening = opening.from_port(443).to_port(443).cidr_ip("127.0.0.0/8");
    opening.send().await.unwrap();
    let balancer = world.load_balancer().await;
    world.wait_until_active(&balancer).await;
    let targets = world.target_group(2).await;
    let certificate = world.aws.certificate_arn("lb.example.com", "us-east-1");
    let certificate = aws_sdk_elasticloadbalancingv2::types::Certificate::builder()
        .certificate_arn(certificate.unwrap())
        .build();
    let listener = world.elb.create_listener().load_balancer_arn(&balancer);
    let listener = listener.protocol("HTTPS".into()).port(443);
    let listener = listener.certificates(certificate);
    listener
        .default_actions(forward(&targets))
        .send()
        .await
        .unwrap();

    let traffic = world.aws.traffic();
    let server = TrafficServer::start(world.aws.clone()).await.unwrap();
    let entry = entry(&server, |entry| entry.kind == AddressKind::LoadBalancer).await;
    assert_eq!(entry.port, 443);
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(traffic.root_certificate().as_bytes());
    roots.add(root.unwrap()).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("lb.example.com").unwrap();
    let stream = TcpStream::connect(entry.address).await.unwrap();
    let stream = TlsConnector::from(std::sync::Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let request = "GET / HTTP/1.1\r\nHost: lb.example.com\r\nConnection: close\r\n\r\n";
    let answer = converse(stream, request).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_tells_where_traffic_is_served() {
    let machine = Machine::starting_on(account()).await;
    let api = AwsServer::start(machine.aws.clone()).await.unwrap();
    let request = "GET /_geusemaker/traffic HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n";
    let answer = ask(api.address(), request).await;
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");

    let server = TrafficServer::start(machine.aws.clone()).await.unwrap();
    let entry = entry(&server, |entry| entry.port == 8000).await;
    let answer = ask(api.address(), request).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let told: Value = serde_json::from_str(body).unwrap();
    assert_eq!(told["proxy"], format!("http://{}", server.proxy()));
    let root = told["root_certificate"].as_str().unwrap();
    assert!(root.starts_with("-----BEGIN CERTIFICATE-----\n"), "{root}");
    let addresses = told["addresses"].as_array().unwrap();
    let llm = addresses.iter().find(|it| it["port"] == 8000).unwrap();
    assert_eq!(llm["address"], entry.address.to_string());
    assert_eq!(llm["kind"], "instance");
    assert_eq!(llm["service"], "llm");

    drop(server);
    let answer = ask(api.address(), request).await;
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
}

/// Programs of this machine can stand for a service.
#[tokio::test(flavor = "multi_thread")]
async fn real_program_answers_for_service() {
    let machine = Machine::starting_on(account()).await;
    let other = Machine::starting_on(account()).await;
    let others = TrafficServer::start(other.aws.clone()).await.unwrap();
    let real = entry(&others, |entry| entry.port == 80).await;
    let server = TrafficServer::start(machine.aws.clone()).await.unwrap();
    machine.traffic.forward("web", real.address.to_string());
    let web = entry(&server, |entry| entry.port == 80).await;
    let request = "GET /twice HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n";
    let answer = ask(web.address, request).await;
    assert!(answer.contains(r#""path":"/twice""#), "{answer}");
    // With the program, the port is gone.
    drop(others);
    let answer = ask(web.address, request).await;
    assert_eq!(answer, "");
}
