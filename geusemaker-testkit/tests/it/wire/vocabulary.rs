//! Every operation of the query protocols, with words from the simulator's own source as parameters. Each literal that
//! looks like a name or a value is tried as one, and parameters that an operation reports as missing are added.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use geusemaker_testkit::Aws;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use regex::Regex;

use super::mutation::{answered, nasty, runtime};
use super::world::World;
use super::{Request, Service};

static WORDS: LazyLock<Words> = LazyLock::new(Words::read);

/// The words from which requests are made.
struct Words {
    world: World,
    actions: Vec<(Service, &'static str)>,
    names: Vec<String>,
    values: Vec<String>,
    /// The ids and ARNs of existing resources.
    ids: Vec<String>,
}

impl Words {
    fn read() -> Self {
        let runtime = runtime();
        let world = runtime.block_on(World::new());
        let aws = runtime.block_on(async { Aws::new() });
        let actions = aws
            .coverage()
            .never_called()
            .filter_map(|(service, action)| match service {
                geusemaker_testkit::Service::Ec2 => Some((Service::Ec2, action)),
                geusemaker_testkit::Service::ElasticLoadBalancing => {
                    Some((Service::ElasticLoadBalancing, action))
                }
                geusemaker_testkit::Service::Iam => Some((Service::Iam, action)),
                _ => None,
            })
            .collect();
        let (mut names, mut values) = (BTreeSet::new(), BTreeSet::new());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim");
        let literal = Regex::new("\"([A-Za-z][A-Za-z0-9./-]{1,40})\"").unwrap();
        for folder in ["ec2", "elastic_load_balancing", "iam"] {
            let text = text_below(&source.join(folder));
            for word in literal
                .captures_iter(&text)
                .map(|found| found[1].to_owned())
            {
                if word.starts_with(|c: char| c.is_ascii_uppercase()) {
                    names.insert(word);
                } else {
                    values.insert(word);
                }
            }
        }
        let kept = serde_json::to_string(&world.snapshot).unwrap();
        let id = Regex::new("\"([a-z]+-[0-9a-f]{8,17}|arn:aws:[^\"]+)\"").unwrap();
        let ids: BTreeSet<_> = id
            .captures_iter(&kept)
            .map(|found| found[1].to_owned())
            .collect();
        values.extend(ids.iter().cloned());
        values.extend(
            [
                "10.0.0.0/24",
                "tcp",
                "80",
                "1",
                "true",
                "us-east-1a",
                "HTTP",
            ]
            .map(str::to_owned),
        );
        Self {
            world,
            actions,
            names: names.into_iter().collect(),
            values: values.into_iter().collect(),
            ids: ids.into_iter().collect(),
        }
    }

    fn value(&self, value: &Value, name: &str) -> String {
        match value {
            Value::Nasty(text) => text.clone(),
            Value::Known(at) => {
                // A parameter such as `VpcId` gets the id of a matching resource, if there is one.
                let stem = name.rsplit('.').find(|part| part.len() > 2).unwrap_or(name);
                let stem = stem.trim_end_matches("Id").to_lowercase();
                let kind = match stem.as_str() {
                    "group" | "securitygroup" | "securitygroups" => "sg-",
                    "instance" => "i-",
                    "internetgateway" => "igw-",
                    "networkinterface" => "eni-",
                    "routetable" => "rtb-",
                    "image" => "ami-",
                    "loadbalancerarn" | "resourcearns" => "arn:",
                    "subnets" => "subnet-",
                    "targetgrouparn" => {
                        "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup"
                    }
                    "listenerarn" => {
                        "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/"
                    }
                    other => other,
                };
                let fitting: Vec<&String> =
                    self.ids.iter().filter(|id| id.starts_with(kind)).collect();
                if fitting.is_empty() {
                    self.values[at.index(self.values.len())].clone()
                } else {
                    fitting[at.index(fitting.len())].clone()
                }
            }
        }
    }
}

/// Returns the text of a file, or of all files below a folder.
fn text_below(path: &Path) -> String {
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    let entries = fs::read_dir(path).unwrap();
    entries
        .map(|entry| text_below(&entry.unwrap().path()))
        .collect()
}

#[derive(Clone, Debug)]
enum Value {
    Known(Index),
    Nasty(String),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => any::<Index>().prop_map(Value::Known),
        1 => nasty().prop_map(Value::Nasty),
    ]
}

/// Generates the form of a parameter's name, in which `#` stands for a word.
fn form() -> impl Strategy<Value = &'static str> {
    select(vec![
        "#",
        "#",
        "#",
        "#.1",
        "#.member.1",
        "#.1.#",
        "#.member.1.#",
        "#.1.#.1.#",
        "#.Value",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn actions_answer_any_parameters(
        action in any::<Index>(),
        parameters in prop::collection::vec((form(), prop::collection::vec(any::<Index>(), 3), value()), 0..3),
        missing in prop::collection::vec(value(), 6),
    ) {
        let words = &*WORDS;
        let (service, action) = words.actions[action.index(words.actions.len())];
        let mut pairs = Vec::new();
        for (form, indexes, value) in &parameters {
            let mut indexes = indexes.iter();
            let name: String = form
                .split_inclusive('#')
                .map(|part| match part.strip_suffix('#') {
                    Some(before) => {
                        let at = indexes.next().unwrap().index(words.names.len());
                        format!("{before}{}", words.names[at])
                    }
                    None => part.to_owned(),
                })
                .collect();
            let value = words.value(value, &name);
            pairs.push((name, value));
        }
        runtime().block_on(async {
            let aws = words.world.account();
            for value in &missing {
                let form = form_urlencoded::Serializer::new(String::new())
                    .append_pair("Action", action)
                    .extend_pairs(&pairs)
                    .finish();
                let request = match service {
                    Service::Ec2 => Request::ec2(&form),
                    Service::Iam => Request::iam(&form),
                    _ => Request::elb(&form),
                };
                let answer = answered(&aws, &request).await.unwrap();
                let Some((_, name)) = answer.message.split_once("must contain the parameter ") else {
                    break;
                };
                let name = name.trim_end_matches('.').to_owned();
                let value = words.value(value, &name);
                pairs.push((name, value));
            }
            let described = answered(&aws, &Request::ec2("Action=DescribeInstances")).await.unwrap();
            assert_eq!(described.status, 200);
        });
    }
}
