//! `gm plan` shows a plan and creates nothing.

use crate::gm::Gm;
use crate::spec_text::{example, spec};

/// The plan shows the resources that a deployment would create.
#[test]
fn plan_creates_nothing() {
    let gm = Gm::new();
    let plan = gm.sandbox(&["plan", &example("tier3-gpu.toml")]).with(0);
    for line in [
        "llm-tier3 in account 123456789012, us-east-1 (tier 3)",
        "  instances    1 x g5.xlarge (1 x NVIDIA A10G), root volume 200 GiB",
        "  storage      a new encrypted file system",
        "  service      ollama on port 11434, /v1/*",
        "               /root/.ollama on the shared file system",
        "  service      open-webui on port 8080, every other path",
        "               /app/backend/data on the root disk: it ends with the instance",
        "  balancer     llm-tier3-alb, HTTP, open to CloudFront",
        "  CDN          a CloudFront distribution in front of the load balancer",
    ] {
        assert!(
            plan.stdout.lines().any(|found| found == line),
            "{line:?}\n{}",
            plan.stdout
        );
    }
    assert!(gm.journals().is_empty());
    assert!(gm.leftovers().is_empty());
}

#[test]
fn plan_shows_behaviors_of_cdn() {
    let gm = Gm::new();
    let behaviors = "[[cdn.behavior]]\npath = \"/static/*\"\ncache = \"optimized\"\n";
    gm.write_spec(&format!("{}{behaviors}", spec(3, "")));
    let plan = gm.sandbox(&["plan"]).with(0);
    let line = "               /static/*: cache optimized, GET HEAD";
    assert!(
        plan.stdout.lines().any(|found| found == line),
        "{}",
        plan.stdout
    );
    gm.write_spec(&format!("{}{behaviors}", spec(3, "")).replace("optimized", "always"));
    gm.sandbox(&["plan"])
        .with(2)
        .says(&["cdn.behavior[0].cache: \"always\" is not a cache policy: expected \"disabled\""]);
}

/// A type without GPUs is one that AWS describes. Its price is in the list.
#[test]
fn plan_shows_type_without_gpu() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, "").replace("g5.xlarge", "m7i.large"));
    let plan = gm.sandbox(&["plan"]).with(0);
    for line in [
        "  instances    1 x m7i.large (2 vCPUs, 8 GiB, no GPU), root volume 200 GiB",
        "  try in order m7i.large on-demand in us-east-1a, b, c, d, f, about $0.1008/h",
    ] {
        assert!(
            plan.stdout.lines().any(|found| found == line),
            "{line:?}\n{}",
            plan.stdout
        );
    }
    assert!(plan.stdout.contains("ubuntu-noble-24.04-amd64"));
    let document = gm.sandbox(&["plan", "-o", "json"]).with(0).document();
    let candidate = &document["plan"]["candidates"][0];
    assert_eq!(candidate["instance_type"], "m7i.large");
    assert_eq!(candidate["described_type"]["vcpus"], 2);
    gm.sandbox(&["deploy", "--yes"]).with(0);
    gm.sandbox(&["destroy", "llm", "--yes"]).with(0);
    assert!(gm.leftovers().is_empty());
}

/// Each refusal says what to change.
#[test]
fn plan_refuses_types_that_cannot_work() {
    let gm = Gm::new();
    for (instance_type, lines, fragments) in [
        (
            "g5.3xlarge",
            "",
            [
                "AWS has no instance type \"g5.3xlarge\" in us-east-1; did you mean",
                "correct the name, or choose a type that the region has",
            ],
        ),
        (
            "inf2.xlarge",
            "",
            [
                "inf2.xlarge has 1 x AWS Inferentia2, and only GPUs",
                "name a type with GPUs of NVIDIA or AMD",
            ],
        ),
        (
            "m7i.large",
            "compute.fallback = [\"g5.xlarge\"]",
            [
                "g5.xlarge has GPUs, and m7i.large has none",
                "name types that all have GPUs, or none that has",
            ],
        ),
    ] {
        gm.write_spec(&spec(1, lines).replacen("g5.xlarge", instance_type, 1));
        gm.sandbox(&["plan"]).with(2).says(&fragments);
    }
    let text = spec(1, "").replace("g5.xlarge", "m7i.large") + "gpus = \"all\"\n";
    gm.write_spec(&text);
    gm.sandbox(&["plan"]).with(2).says(&[
        "service ollama: gpus is all, and m7i.large has no GPU",
        "set gpus = \"none\" or leave gpus out",
    ]);
    assert!(gm.journals().is_empty());
}

/// A network that the stack creates is shown with its parts and their prices; one that exists, with its id.
#[test]
fn plan_shows_parts_of_new_network() {
    let gm = Gm::new();
    let plan = gm
        .sandbox(&["plan", &example("private-network.toml")])
        .with(0);
    for line in [
        "  network      a new VPC, 10.42.0.0/16, in us-east-1a, b, with an internet gateway",
        "               subnets in us-east-1a: public 10.42.0.0/18, private 10.42.128.0/18",
        "               subnets in us-east-1b: public 10.42.64.0/18, private 10.42.192.0/18",
        "               a NAT gateway: about 0.045 USD per hour and 0.045 USD per GB (us-east-1)",
        "  try in order g5.xlarge on-demand in us-east-1a, b, about $1.006/h each",
        "               (on-demand prices: us-east-1, Linux, the list of 2026-07-20)",
    ] {
        assert!(
            plan.stdout.lines().any(|found| found == line),
            "{line:?}\n{}",
            plan.stdout
        );
    }
    let keys = "[network]\ncreate = true\nprivate = true\negress = \"endpoints\"";
    gm.write_spec(&spec(1, keys));
    let plan = gm.sandbox(&["plan"]).with(0);
    assert!(
        plan.stdout
            .contains("about 0.14 USD per hour and 0.01 USD per GB (us-east-1)")
    );
    assert!(
        plan.stdout
            .contains("warning      ollama cannot pull ollama/ollama")
    );
    let document = gm.sandbox(&["plan", "-o", "json"]).with(0).document();
    let network = &document["plan"]["new_network"];
    assert_eq!(network["egress"], "endpoints");
    assert_eq!(network["zones"][1]["private"], "10.0.192.0/18");
    gm.write_spec(&spec(1, ""));
    let document = gm.sandbox(&["plan", "-o", "json"]).with(0).document();
    let plan = &document["plan"];
    assert!(plan["vpc"].as_str().unwrap().starts_with("vpc-"));
    assert_eq!(
        plan["candidates"][0]["subnet"]["zone"],
        plan["candidates"][0]["zone"]
    );
}

/// A volume that is mounted by an access point is shown with its user, and a spec that cannot have one is refused.
#[test]
fn plan_shows_access_points() {
    let gm = Gm::new();
    let keys = "compute.os = \"amazon-linux-2023\"\nstorage.access_points = true";
    let lacking = spec(1, keys);
    gm.write_spec(&lacking);
    let refused = gm.sandbox(&["plan"]).with(2);
    assert!(
        refused.stderr.contains(
            "gm.toml:7: service[0]: with storage.access_points, the files of ollama belong to"
        ),
        "{}",
        refused.stderr
    );
    gm.write_spec(&format!("{lacking}user = \"1000:1000\"\n"));
    let plan = gm.sandbox(&["plan"]).with(0);
    let line = "on the shared file system, through an access point as user 1000:1000";
    assert!(plan.stdout.contains(line), "{}", plan.stdout);
    let document = gm.sandbox(&["plan", "-o", "json"]).with(0).document();
    assert_eq!(document["plan"]["spec"]["storage"]["access_points"], true);
}

/// A plan says where the data of each service lives, what no load balancer serves, and what is likely to be wrong.
#[test]
fn plan_shows_volumes_and_warnings() {
    let gm = Gm::new();
    let database = "[[service]]\nname = \"db\"\ninternal = true\nimage = \"qdrant/qdrant\"\n\
                    volumes = [{ path = \"/qdrant/storage\", on = \"shared\" }, { path = \"/cache\", on = \"scratch\" }]";
    gm.write_spec(&spec(1, database).replace("port = 11434", "port = \"80:11434\""));
    let plan = gm.sandbox(&["plan"]).with(0);
    let warning = "db keeps a database at /qdrant/storage, which the shared file system makes slow and can damage: \
                   set on = \"local\" for this volume";
    let lines: Vec<_> = plan.stdout.lines().collect();
    let start = lines
        .iter()
        .position(|line| line.starts_with("  service"))
        .unwrap();
    let cost = lines.iter().position(|line| line.starts_with("  cost"));
    assert_eq!(
        lines[start..cost.unwrap()],
        [
            "  service      db, internal: only for the other services",
            "               /qdrant/storage on the shared file system",
            "               /cache on instance-store disks if there are any: emptied by a stop",
            "  service      ollama on port 80:11434",
            "               /data on the shared file system",
            "  access       logs, commands and shells through Systems Manager, with a new role",
            "               the services are closed: only forwarded ports lead to them; access.allow opens them",
        ]
    );
    assert_eq!(
        lines.last(),
        Some(&format!("  warning      {warning}").as_str())
    );
    let document = gm.sandbox(&["plan", "-o", "json"]).with(0).document();
    assert_eq!(document["warnings"], serde_json::json!([warning]));
}

/// The Compose file is in the folder of the spec, from wherever `gm` runs.
#[test]
fn plan_takes_services_of_compose_file() {
    let gm = Gm::new();
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("stack.toml");
    let text =
        "name = \"llm\"\ntier = 2\ncompose = \"web.yml\"\ncompute.instance_type = \"g5.xlarge\"\n";
    std::fs::write(&spec, text).unwrap();
    let compose = |db: &str| {
        let web =
            "{ image: a/web, ports: ['80:8080'], volumes: ['web:/web'], healthcheck: { test: x } }";
        let text = format!("services:\n  web: {web}\n  db:\n    image: postgres:17\n    {db}\n");
        std::fs::write(folder.path().join("web.yml"), text).unwrap();
    };
    compose("volumes: [db:/var/lib/postgresql/data]");
    let plan = gm.sandbox(&["plan", spec.to_str().unwrap()]).with(0);
    for line in [
        "  service      web on port 80:8080, every other path",
        "               /web on the root disk: it ends with the instance",
        "  service      db, internal: only for the other services",
        "  warning      web has a healthcheck in the Compose file, which is not used: the load balancer asks each \
         service that it serves for its health_path",
    ] {
        assert!(
            plan.stdout.lines().any(|found| found == line),
            "{line:?}\n{}",
            plan.stdout
        );
    }
    compose("network_mode: host");
    let refused = gm.sandbox(&["plan", spec.to_str().unwrap()]).with(2);
    let wanted =
        "web.yml:5: services.db.network_mode: is not taken over from a Compose file: remove it";
    assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
}

/// Each instance type and market has one line, in the order in which they are tried.
#[test]
fn placements_are_listed_in_order() {
    let gm = Gm::new();
    gm.write_spec(&spec(
        1,
        "compute.fallback = [\"g6.xlarge\"]\ncompute.market = \"spot-then-on-demand\"",
    ));
    let plan = gm.sandbox(&["plan"]).with(0);
    let lines: Vec<_> = plan
        .stdout
        .lines()
        .filter(|line| line.contains(".xlarge ") && !line.contains(" x g5.xlarge spot: "))
        .collect();
    let starts = [
        "  instances    1 x g5.xlarge ",
        "  try in order g5.xlarge spot in us-east-1a, b, ",
        "               g6.xlarge spot in us-east-1a, b, ",
        "               g5.xlarge on-demand in us-east-1a, b, ",
        "               g6.xlarge on-demand in us-east-1a, b, ",
    ];
    assert_eq!(lines.len(), starts.len(), "{}", plan.stdout);
    for (line, start) in lines.iter().zip(starts) {
        assert!(
            line.starts_with(start),
            "{line:?} does not start with {start:?}"
        );
    }
}

#[test]
fn plan_document_names_every_choice() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    let document = gm.sandbox(&["plan", "-o", "json"]).with(0).document();
    let plan = &document["plan"];
    assert_eq!(document["name"], "llm");
    assert_eq!(plan["region"], "us-east-1");
    assert_eq!(plan["candidates"][0]["instance_type"], "g5.xlarge");
    assert!(plan["image"]["id"].as_str().unwrap().starts_with("ami-"));
    assert!(plan["vpc"].as_str().unwrap().starts_with("vpc-"));
}
